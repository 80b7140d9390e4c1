using Compeer.Network.Connections;
using Compeer.Protocols.MessageStreamEncryption;
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
        return await ReadAsync(stream, cancellationToken);
    }

    /// <summary>Reads theirs, when ours is sent already. Null when the remote does not speak the protocol or hangs up.</summary>
    public static async Task<Handshake?> ReadAsync(PeerStream stream, CancellationToken cancellationToken)
    {
        byte[] theirs = new byte[Handshake.LengthBytes];
        return await FillAsync(stream, theirs, cancellationToken) && Handshake.TryRead(theirs, out Handshake handshake)
            ? handshake
            : null;
    }

    /// <summary>
    /// Tells by the first bytes whether the remote begins plain or encrypted, and answers in kind where that is allowed.
    /// The stream to go on with and their handshake; null when nothing here has that info-hash, when its way is not
    /// accepted, or when it speaks something else.
    /// </summary>
    public static async Task<(PeerStream Stream, Handshake Theirs)?> AcceptAsync(
        PeerStream stream, IncomingEncryption encryption, Func<Handshake, Handshake?> answer, CancellationToken cancellationToken)
    {
        byte[] first = new byte[StreamStarts.DecidedAfterBytes];
        int filled = 0;
        StreamStart start;
        while ((start = StreamStarts.Of(first.AsSpan(0, filled))) == StreamStart.Undecided)
        {
            int received = await stream.ReceiveAsync(first.AsMemory(filled), cancellationToken);
            if (received == 0)
                return null;
            filled += received;
        }
        ReadOnlyMemory<byte> read = first.AsMemory(0, filled);
        if (start == StreamStart.Other)
        {
            if (encryption.Policy == EncryptionPolicy.Forbid
                || (await EncryptionDriver.RespondAsync(stream, encryption, read, cancellationToken)).Stream is not { } encrypted)
                return null;
            (stream, read) = (encrypted, default);
        }
        else if (encryption.Policy == EncryptionPolicy.Require)
        {
            return null;
        }
        return await AnswerAsync(stream, read, answer, cancellationToken) is { } theirs ? (stream, theirs) : null;
    }

    /// <summary>
    /// Reads up to their info-hash, of which <paramref name="first"/> is read already, answers with what
    /// <paramref name="answer"/> gives for it, and reads their peer id. Null as above.
    /// </summary>
    private static async Task<Handshake?> AnswerAsync(
        PeerStream stream, ReadOnlyMemory<byte> first, Func<Handshake, Handshake?> answer, CancellationToken cancellationToken)
    {
        byte[] theirs = new byte[Handshake.LengthBytes];
        first.CopyTo(theirs);
        if (!await FillAsync(stream, theirs.AsMemory(first.Length, UpToInfoHash - first.Length), cancellationToken)
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
