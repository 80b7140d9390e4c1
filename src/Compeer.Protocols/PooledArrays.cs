using System.Buffers;

namespace Compeer.Protocols;

/// <summary>Arrays that grow by taking a larger one from the shared pool, and go back to it: for what lives shortly and in great numbers.</summary>
internal static class PooledArrays
{
    /// <summary>Puts a larger array in the place of <paramref name="items"/>.</summary>
    /// <param name="items">The array; empty at first.</param>
    /// <param name="start">The first element that is kept; it becomes the first of all.</param>
    /// <param name="count">Elements that are kept.</param>
    /// <param name="capacity">Elements that the new one holds at least.</param>
    public static void Grow<T>(ref T[] items, int start, int count, int capacity)
    {
        T[] old = items;
        items = ArrayPool<T>.Shared.Rent(capacity);
        old.AsSpan(start, count).CopyTo(items);
        Return(ref old);
    }

    /// <summary>Gives an array back and leaves an empty one.</summary>
    public static void Return<T>(ref T[] items)
    {
        if (items.Length > 0)
            ArrayPool<T>.Shared.Return(items);
        items = [];
    }
}
