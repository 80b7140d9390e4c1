using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Compeer.Formats.Hashing;

/// <summary>Places vectors on the stack so that none crosses the border of two cache lines.</summary>
internal static class Aligned
{
    /// <summary>The first aligned element; <paramref name="stack"/>, which has to lie on the stack, holds one element more than are used.</summary>
    public static ref T First<T>(Span<T> stack)
        where T : unmanaged
    {
        ref T start = ref MemoryMarshal.GetReference(stack);
        nint address = Unsafe.ByteOffset(ref Unsafe.NullRef<T>(), ref start);
        return ref Unsafe.AddByteOffset(ref start, -address & (Unsafe.SizeOf<T>() - 1));
    }
}
