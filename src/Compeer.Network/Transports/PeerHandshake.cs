using System.Net.Sockets;
using Compeer.Protocols.PeerWire;

namespace Compeer.Network.Transports;

/// <summary>
/// Exchanges the 68-byte handshakes over a connected socket, reading not one byte beyond them.
/// Spec: BEP 3, "peer protocol"; BEP 52, "upgrade path".
/// </summary>
internal static class PeerHandshake
{
    private const int UpToInfoHash = Handshake.LengthBytes - 20;

    /// <summary>Sends ours, then reads theirs. Null when the remote does not speak the protocol or hangs up.</summary>
    public static async Task<Handshake?> InitiateAsync(Socket socket, Handshake ours, CancellationToken cancellationToken)
    {
        await SendAsync(socket, ours, cancellationToken);
        byte[] theirs = new byte[Handshake.LengthBytes];
        return await FillAsync(socket, theirs, cancellationToken) && Handshake.TryRead(theirs, out Handshake handshake)
            ? handshake
            : null;
    }

    /// <summary>
    /// Reads up to their info-hash, answers with what <paramref name="answer"/> gives for it, and reads their peer id.
    /// Null when nothing here has that info-hash or the remote does not speak the protocol.
    /// </summary>
    public static async Task<Handshake?> AnswerAsync(Socket socket, Func<Handshake, Handshake?> answer, CancellationToken cancellationToken)
    {
        byte[] theirs = new byte[Handshake.LengthBytes];
        if (!await FillAsync(socket, theirs.AsMemory(0, UpToInfoHash), cancellationToken)
            || !Handshake.TryRead(theirs, out Handshake head)
            || answer(head) is not { } ours)
            return null;
        await SendAsync(socket, ours, cancellationToken);
        return await FillAsync(socket, theirs.AsMemory(UpToInfoHash), cancellationToken) && Handshake.TryRead(theirs, out Handshake whole)
            ? whole
            : null;
    }

    private static async Task SendAsync(Socket socket, Handshake handshake, CancellationToken cancellationToken)
    {
        byte[] bytes = new byte[Handshake.LengthBytes];
        handshake.Write(bytes);
        for (int sent = 0; sent < bytes.Length;)
            sent += await socket.SendAsync(bytes.AsMemory(sent), SocketFlags.None, cancellationToken);
    }

    private static async Task<bool> FillAsync(Socket socket, Memory<byte> target, CancellationToken cancellationToken)
    {
        while (!target.IsEmpty)
        {
            int received = await socket.ReceiveAsync(target, SocketFlags.None, cancellationToken);
            if (received == 0)
                return false;
            target = target[received..];
        }
        return true;
    }
}
