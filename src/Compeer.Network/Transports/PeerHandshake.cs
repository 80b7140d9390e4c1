using Compeer.Network.Connections;
using Compeer.Protocols.PeerWire;

namespace Compeer.Network.Transports;

/// <summary>
/// Exchanges the 68-byte handshakes over a connected stream, reading not one byte beyond them.
/// Spec: BEP 3, "peer protocol"; BEP 52, "upgrade path".
/// </summary>
internal static class PeerHandshake
{
    private const int UpToInfoHash = Handshake.LengthBytes - 20;

    /// <summary>Sends ours, then reads theirs. Null when the remote does not speak the protocol or hangs up.</summary>
    public static async Task<Handshake?> InitiateAsync(PeerStream stream, Handshake ours, CancellationToken cancellationToken)
    {
        await SendAsync(stream, ours, cancellationToken);
        byte[] theirs = new byte[Handshake.LengthBytes];
        return await FillAsync(stream, theirs, cancellationToken) && Handshake.TryRead(theirs, out Handshake handshake)
            ? handshake
            : null;
    }

    /// <summary>
    /// Reads up to their info-hash, answers with what <paramref name="answer"/> gives for it, and reads their peer id.
    /// Null when nothing here has that info-hash or the remote does not speak the protocol.
    /// </summary>
    public static async Task<Handshake?> AnswerAsync(PeerStream stream, Func<Handshake, Handshake?> answer, CancellationToken cancellationToken)
    {
        byte[] theirs = new byte[Handshake.LengthBytes];
        if (!await FillAsync(stream, theirs.AsMemory(0, UpToInfoHash), cancellationToken)
            || !Handshake.TryRead(theirs, out Handshake head)
            || answer(head) is not { } ours)
            return null;
        await SendAsync(stream, ours, cancellationToken);
        return await FillAsync(stream, theirs.AsMemory(UpToInfoHash), cancellationToken) && Handshake.TryRead(theirs, out Handshake whole)
            ? whole
            : null;
    }

    private static async Task SendAsync(PeerStream stream, Handshake handshake, CancellationToken cancellationToken)
    {
        byte[] bytes = new byte[Handshake.LengthBytes];
        handshake.Write(bytes);
        for (int sent = 0; sent < bytes.Length;)
            sent += await stream.SendAsync(bytes.AsMemory(sent), cancellationToken);
    }

    private static async Task<bool> FillAsync(PeerStream stream, Memory<byte> target, CancellationToken cancellationToken)
    {
        while (!target.IsEmpty)
        {
            int received = await stream.ReceiveAsync(target, cancellationToken);
            if (received == 0)
                return false;
            target = target[received..];
        }
        return true;
    }
}
