using System.Buffers;
using System.Net;
using System.Runtime.CompilerServices;
using Compeer.Protocols.MessageStreamEncryption;

namespace Compeer.Network.Connections;

/// <summary>
/// What an encrypted handshake leaves of another stream, which it owns: what came too early is received first, and all
/// that follows passes the ciphers. A send that fails or is cancelled ends the stream, because the remote can no longer follow.
/// </summary>
/// <remarks>Spec: Message Stream Encryption, "ENCRYPT2".</remarks>
public sealed class EncryptedPeerStream : PeerStream
{
    /// <summary>Most bytes that one send encrypts: what it borrows meanwhile, and little enough to stay in the processor's cache.</summary>
    public const int ChunkBytes = 64 * 1024;

    private readonly PeerStream _inner;
    private readonly Rc4? _incoming;
    private readonly Rc4? _outgoing;
    private ReadOnlyMemory<byte> _early;

    /// <summary>Takes over a stream.</summary>
    /// <param name="inner">The stream that the handshake went over.</param>
    /// <param name="session">The handshake's outcome.</param>
    /// <param name="received">What was read beyond the handshake, as it came.</param>
    public EncryptedPeerStream(PeerStream inner, EncryptedSession session, ReadOnlySpan<byte> received)
    {
        _inner = inner;
        _incoming = session.Incoming;
        _outgoing = session.Outgoing;
        byte[] early = [.. session.InitialPayload.Span, .. received];
        _incoming?.Apply(early.AsSpan(session.InitialPayload.Length));
        _early = early;
    }

    public override IPEndPoint Remote => _inner.Remote;

    public override IPEndPoint Local => _inner.Local;

    public override PeerPath Path => _inner.Path;

    /// <summary>False when only the handshake was obfuscated.</summary>
    public override bool IsEncrypted => _outgoing is not null;

    public override ValueTask WaitReadableAsync(CancellationToken cancellationToken) =>
        _early.IsEmpty ? _inner.WaitReadableAsync(cancellationToken) : ValueTask.CompletedTask;

    public override ValueTask<int> ReceiveAsync(Memory<byte> target, CancellationToken cancellationToken) =>
        !_early.IsEmpty ? new(TakeEarly(target.Span))
        : _incoming is null ? _inner.ReceiveAsync(target, cancellationToken)
        : ReceiveEncryptedAsync(target, _incoming, cancellationToken);

    public override ValueTask<int> SendAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken) =>
        _outgoing is null ? _inner.SendAsync(data, cancellationToken) : SendEncryptedAsync(data, _outgoing, cancellationToken);

    public override void Dispose() => _inner.Dispose();

    private int TakeEarly(Span<byte> target)
    {
        int taken = Math.Min(target.Length, _early.Length);
        _early.Span[..taken].CopyTo(target);
        _early = taken < _early.Length ? _early[taken..] : default;
        return taken;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> ReceiveEncryptedAsync(Memory<byte> target, Rc4 cipher, CancellationToken cancellationToken)
    {
        int received = await _inner.ReceiveAsync(target, cancellationToken);
        cipher.Apply(target.Span[..received]);
        return received;
    }

    /// <summary>Encrypts into a borrowed buffer, since the data is the caller's, and sends all of it: the key stream does not go back.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> SendEncryptedAsync(ReadOnlyMemory<byte> data, Rc4 cipher, CancellationToken cancellationToken)
    {
        int length = Math.Min(data.Length, ChunkBytes);
        byte[] encrypted = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            cipher.Apply(data.Span[..length], encrypted);
            for (int sent = 0; sent < length;)
                sent += await _inner.SendAsync(encrypted.AsMemory(sent, length - sent), cancellationToken);
            return length;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(encrypted);
        }
    }
}
