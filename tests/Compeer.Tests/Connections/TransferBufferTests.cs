using Compeer.Network.Connections;

namespace Compeer.Tests.Connections;

public sealed class TransferBufferTests
{
    private readonly TransferBufferPool _pool = new();

    [Fact]
    public void A_part_of_a_full_buffer_stays_where_it_is_until_its_keepers_and_its_owner_returned_it()
    {
        TransferBuffer received = Received(TransferBufferPool.LargeBytes);
        TransferBuffer first = _pool.Keep(received.Span.Slice(13, 100), received, out ReadOnlyMemory<byte> kept);
        TransferBuffer second = _pool.Keep(received.Span.Slice(500, 1), received, out ReadOnlyMemory<byte> other);
        Assert.Same(received, first);
        Assert.Same(received, second);
        Assert.True(received.Span.Slice(13, 100).SequenceEqual(kept.Span));
        Assert.Equal(received.Array[500], other.Span[0]);
        received.Return();
        first.Return();
        Assert.NotSame(received, _pool.Rent(TransferBufferPool.LargeBytes));
        Assert.Equal(2, _pool.OnLoan);
        second.Return();
        Assert.Same(received, _pool.Rent(TransferBufferPool.LargeBytes));
    }

    [Theory]
    [InlineData(TransferBufferPool.LargeBytes / 2 - 1, true)]
    [InlineData(TransferBufferPool.LargeBytes, false)]
    public void What_lies_elsewhere_or_in_a_buffer_that_is_mostly_empty_is_copied(int lengthBytes, bool isInside)
    {
        TransferBuffer received = Received(lengthBytes);
        byte[] part = received.Span[..16_384].ToArray();
        TransferBuffer copy = _pool.Keep(isInside ? received.Span[..16_384] : part, received, out ReadOnlyMemory<byte> kept);
        Assert.NotSame(received, copy);
        received.Array.AsSpan().Clear();
        Assert.True(kept.Span.SequenceEqual(part));
        Assert.Equal(TransferBufferPool.BlockBytes, copy.Array.Length);
    }

    /// <summary>Whoever sends one block of each of many pieces cannot make us hold sixteen times as much.</summary>
    [Fact]
    public void Beyond_64_MiB_of_buffers_that_are_partly_kept_parts_are_copied_until_some_are_free()
    {
        var keepers = new List<TransferBuffer>();
        for (int i = 0; i < 300; i++)
        {
            TransferBuffer received = Received(TransferBufferPool.LargeBytes);
            keepers.Add(_pool.Keep(received.Span[..16_384], received, out _));
            received.Return();
        }
        Assert.Equal(256, keepers.Count(k => k.Array.Length == TransferBufferPool.LargeBytes));
        Assert.All(keepers[..256], k => Assert.Equal(TransferBufferPool.LargeBytes, k.Array.Length));
        keepers[7].Return();
        TransferBuffer next = Received(TransferBufferPool.LargeBytes);
        Assert.Same(next, _pool.Keep(next.Span[..16_384], next, out _));
    }

    [Fact]
    public void Empty_parts_and_parts_without_a_buffer_are_kept_too()
    {
        Assert.Equal(3, Kept([1, 2, 3]).Length);
        Assert.Equal(0, Kept([]).Length);

        ReadOnlyMemory<byte> Kept(byte[] part)
        {
            _pool.Keep(part, null, out ReadOnlyMemory<byte> kept);
            Assert.True(kept.Span.SequenceEqual(part));
            return kept;
        }
    }

    private TransferBuffer Received(int lengthBytes)
    {
        TransferBuffer buffer = _pool.Rent(TransferBufferPool.LargeBytes);
        new Random(lengthBytes).NextBytes(buffer.Array);
        buffer.Length = lengthBytes;
        return buffer;
    }
}
