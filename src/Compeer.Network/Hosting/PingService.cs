using System.Diagnostics;
using System.Security.Cryptography;
using Compeer.Formats.Multiformats;

namespace Compeer.Network.Hosting;

/// <summary>Echoes 32 bytes. Spec: libp2p/specs ping/ping.md.</summary>
internal static class PingService
{
    public const string Protocol = "/ipfs/ping/1.0.0";

    private const int PayloadBytes = 32;

    /// <summary>Answers until the remote ends its direction.</summary>
    public static async Task AnswerAsync(DuplexStream stream, CancellationToken cancellationToken)
    {
        byte[] payload = new byte[PayloadBytes];
        while (await stream.ReadAtLeastAsync(payload, PayloadBytes, throwOnEndOfStream: false, cancellationToken) == PayloadBytes)
            await stream.WriteAsync(payload, cancellationToken);
    }

    /// <summary>The time of one echo.</summary>
    /// <exception cref="InvalidDataException">Something else came back.</exception>
    public static async Task<TimeSpan> PingAsync(PeerHost host, PeerId peer, CancellationToken cancellationToken)
    {
        await using DuplexStream stream = await host.OpenStreamAsync(peer, [Protocol], allowLimited: true, cancellationToken);
        byte[] sent = RandomNumberGenerator.GetBytes(PayloadBytes), received = new byte[PayloadBytes];
        long start = Stopwatch.GetTimestamp();
        await stream.WriteAsync(sent, cancellationToken);
        await stream.ReadExactlyAsync(received, cancellationToken);
        TimeSpan took = Stopwatch.GetElapsedTime(start);
        return sent.AsSpan().SequenceEqual(received) ? took : throw new InvalidDataException($"{peer} answered a ping with other bytes.");
    }
}
