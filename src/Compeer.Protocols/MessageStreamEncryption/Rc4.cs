using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Compeer.Protocols.MessageStreamEncryption;

/// <summary>The RC4 key stream, combined with data by exclusive or: encryption and decryption are the same. One direction, one thread.</summary>
/// <remarks>Spec: RFC 6229 (vectors); Message Stream Encryption, "RC4-drop1024". Broken as a cipher; used only because the protocol is.</remarks>
public sealed class Rc4
{
    // Whole words: single bytes would wait for one another in the processor's partial registers.
    private readonly uint[] _state = new uint[256];
    private uint _i;
    private uint _j;

    /// <summary>Schedules a key.</summary>
    /// <exception cref="ArgumentException">The key is not 1 to 256 bytes long.</exception>
    public Rc4(ReadOnlySpan<byte> key)
    {
        if (key.Length is < 1 or > 256)
            throw new ArgumentException($"An RC4 key has 1 to 256 bytes, not {key.Length}.", nameof(key));
        for (uint n = 0; n < 256; n++)
            _state[n] = n;
        uint j = 0;
        for (int n = 0; n < 256; n++)
        {
            uint value = _state[n];
            j = (byte)(j + value + key[n % key.Length]);
            _state[n] = _state[j];
            _state[j] = value;
        }
    }

    /// <summary>Encrypts or decrypts in place.</summary>
    public void Apply(Span<byte> data) => Apply(data, data);

    /// <summary>Encrypts or decrypts into <paramref name="target"/>, which may be <paramref name="source"/> itself.</summary>
    /// <exception cref="ArgumentException">The target is shorter than the source.</exception>
    public void Apply(ReadOnlySpan<byte> source, Span<byte> target)
    {
        if (target.Length < source.Length)
            throw new ArgumentException("The target is shorter than the source.", nameof(target));
        ref uint state = ref MemoryMarshal.GetArrayDataReference(_state);
        ref byte from = ref MemoryMarshal.GetReference(source);
        ref byte to = ref MemoryMarshal.GetReference(target);
        nuint i = (byte)(_i + 1), j = _j;
        uint a = Unsafe.Add(ref state, i);
        nint at = 0, whole = source.Length & ~7;
        for (; at < whole; at += 8)
        {
            ulong stream = Next(ref state, ref i, ref j, ref a);
            stream |= (ulong)Next(ref state, ref i, ref j, ref a) << 8;
            stream |= (ulong)Next(ref state, ref i, ref j, ref a) << 16;
            stream |= (ulong)Next(ref state, ref i, ref j, ref a) << 24;
            stream |= (ulong)Next(ref state, ref i, ref j, ref a) << 32;
            stream |= (ulong)Next(ref state, ref i, ref j, ref a) << 40;
            stream |= (ulong)Next(ref state, ref i, ref j, ref a) << 48;
            stream |= (ulong)Next(ref state, ref i, ref j, ref a) << 56;
            if (!BitConverter.IsLittleEndian)
                stream = System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(stream);
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, at), Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref from, at)) ^ stream);
        }
        for (; at < source.Length; at++)
            Unsafe.Add(ref to, at) = (byte)(Unsafe.Add(ref from, at) ^ Next(ref state, ref i, ref j, ref a));
        (_i, _j) = ((byte)(i - 1), (uint)j);
    }

    /// <summary>Discards key stream.</summary>
    public void Skip(int lengthBytes)
    {
        ref uint state = ref MemoryMarshal.GetArrayDataReference(_state);
        nuint i = (byte)(_i + 1), j = _j;
        uint a = Unsafe.Add(ref state, i);
        for (; lengthBytes > 0; lengthBytes--)
            Next(ref state, ref i, ref j, ref a);
        (_i, _j) = ((byte)(i - 1), (uint)j);
    }

    // The indices are bytes by construction, so the state needs no bounds check. The entry a that the next step begins with is
    // read before this step's writes, so that it need not wait for them; when they change it (j is i + 1), it is this step's own a.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Next(ref uint state, ref nuint i, ref nuint j, ref uint a)
    {
        j = (byte)(j + a);
        uint b = Unsafe.Add(ref state, j);
        nuint next = (byte)(i + 1);
        uint ahead = Unsafe.Add(ref state, next);
        Unsafe.Add(ref state, j) = a;
        Unsafe.Add(ref state, i) = b;
        uint key = Unsafe.Add(ref state, (nuint)(byte)(a + b));
        a = j == next ? a : ahead;
        i = next;
        return key;
    }
}
