using System.Buffers;
using System.Net.Sockets;
using Compeer.Formats.Hashing;
using Compeer.Network.Connections;
using Compeer.Protocols.MessageStreamEncryption;

namespace Compeer.Network.Transports;

/// <summary>How an encrypted handshake over a stream ended.</summary>
/// <param name="Stream">What to go on with; null when there is none.</param>
/// <param name="Failure">One clause in words, when <paramref name="Stream"/> is null.</param>
internal readonly record struct EncryptionOutcome(EncryptedPeerStream? Stream, string? Failure);

/// <summary>Carries an encrypted handshake over a stream. The caller's deadline bounds it; the caller ends the stream when it fails.</summary>
internal static class EncryptionDriver
{
    private const int ReadBytes = 2048;

    /// <summary>As the side that dialled: asks for <paramref name="infoHash"/> and sends <paramref name="initialPayload"/> with it.</summary>
    public static Task<EncryptionOutcome> InitiateAsync(
        PeerStream stream, EncryptionOptions options, Sha1Hash infoHash, ReadOnlyMemory<byte> initialPayload, CancellationToken cancellationToken) =>
        RunAsync(stream, EncryptionHandshake.Initiate(options, infoHash, initialPayload.Span, SecureRandom.Instance), default, cancellationToken);

    /// <summary>As the side that was dialled, with the bytes that were read to tell so.</summary>
    public static Task<EncryptionOutcome> RespondAsync(
        PeerStream stream, IncomingEncryption encryption, ReadOnlyMemory<byte> first, CancellationToken cancellationToken)
    {
        EncryptionHandshake handshake = EncryptionHandshake.Respond(
            EncryptionOptions.ForAnswering(encryption.Policy, stream.Remote.Address), encryption.Find, SecureRandom.Instance);
        return RunAsync(stream, handshake, first, cancellationToken);
    }

    private static async Task<EncryptionOutcome> RunAsync(
        PeerStream stream, EncryptionHandshake handshake, ReadOnlyMemory<byte> received, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[ReadBytes];
        var output = new ArrayBufferWriter<byte>();
        try
        {
            while (true)
            {
                int left = Receive(handshake, received.Span);
                output.ResetWrittenCount();
                if (handshake.TryTransmit(output))
                    await SendAsync(stream, output.WrittenMemory, cancellationToken);
                if (handshake.Closed is { } reason)
                    return new(null, reason);
                if (handshake.Session is { } session)
                    return new(new EncryptedPeerStream(stream, session, received.Span[^left..]), null);
                int length = await stream.ReceiveAsync(buffer, cancellationToken);
                if (length == 0)
                    return HungUp(handshake);
                received = buffer.AsMemory(0, length);
            }
        }
        catch (SocketException)
        {
            return HungUp(handshake);
        }
    }

    private static EncryptionOutcome HungUp(EncryptionHandshake handshake) => new(null, handshake.HasRemoteKey
        ? "it hung up during the encrypted handshake (it may not have this torrent)"
        : "it hung up on the encrypted handshake (it may accept plain connections only)");

    private static int Receive(EncryptionHandshake handshake, ReadOnlySpan<byte> data)
    {
        handshake.Receive(ref data);
        return data.Length;
    }

    private static async Task SendAsync(PeerStream stream, ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        while (!data.IsEmpty)
            data = data[await stream.SendAsync(data, cancellationToken)..];
    }
}
