using System.Buffers;
using System.Buffers.Binary;
using Compeer.Formats.Multiformats;

namespace Compeer.Network.Hosting;

/// <summary>Moves bytes for measurements. It works for whoever asks, so it is served only where that is wanted. Spec: libp2p/specs perf/perf.md.</summary>
public static class PerfService
{
    /// <summary>The protocol's name.</summary>
    public const string Protocol = "/perf/1.0.0";

    private const int BlockBytes = 256 * 1024;

    private static readonly byte[] Zeros = new byte[BlockBytes];

    /// <summary>Serves measurements from now on.</summary>
    public static void ServePerf(this PeerHost host) => host.Handle(Protocol, async (stream, cancellationToken) =>
    {
        byte[] size = new byte[sizeof(ulong)];
        await stream.ReadExactlyAsync(size, cancellationToken);
        await DrainAsync(stream, cancellationToken);
        await SendAsync(stream, (long)Math.Min(BinaryPrimitives.ReadUInt64BigEndian(size), long.MaxValue), cancellationToken);
    });

    /// <summary>Sends and receives so many bytes over one stream; gives how many came back.</summary>
    public static async Task<long> PerfAsync(this PeerHost host, PeerId peer, long upload, long download, CancellationToken cancellationToken = default)
    {
        await using DuplexStream stream = await host.OpenStreamAsync(peer, Protocol, cancellationToken);
        byte[] size = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteInt64BigEndian(size, download);
        await stream.WriteAsync(size, cancellationToken);
        await SendAsync(stream, upload, cancellationToken);
        stream.CompleteWrites();
        return await DrainAsync(stream, cancellationToken);
    }

    private static async Task SendAsync(DuplexStream stream, long bytes, CancellationToken cancellationToken)
    {
        for (long left = bytes; left > 0; left -= Math.Min(left, BlockBytes))
            await stream.WriteAsync(Zeros.AsMemory(0, (int)Math.Min(left, BlockBytes)), cancellationToken);
    }

    private static async Task<long> DrainAsync(DuplexStream stream, CancellationToken cancellationToken)
    {
        byte[] block = ArrayPool<byte>.Shared.Rent(BlockBytes);
        try
        {
            long total = 0;
            while (await stream.ReadAsync(block.AsMemory(0, BlockBytes), cancellationToken) is > 0 and var read)
                total += read;
            return total;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }
}
