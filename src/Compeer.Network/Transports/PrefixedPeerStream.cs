using System.Net;
using Compeer.Network.Connections;

namespace Compeer.Network.Transports;

/// <summary>A stream of which some bytes have been received already; they come first. Owns the other one.</summary>
internal sealed class PrefixedPeerStream(PeerStream inner, ReadOnlyMemory<byte> prefix) : PeerStream
{
    private ReadOnlyMemory<byte> _prefix = prefix;

    public override IPEndPoint Remote => inner.Remote;

    public override IPEndPoint Local => inner.Local;

    public override PeerPath Path => inner.Path;

    public override bool IsEncrypted => inner.IsEncrypted;

    public override ValueTask WaitReadableAsync(CancellationToken cancellationToken) => _prefix.IsEmpty ? inner.WaitReadableAsync(cancellationToken) : default;

    public override ValueTask<int> ReceiveAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        if (_prefix.IsEmpty)
            return inner.ReceiveAsync(target, cancellationToken);
        int taken = Math.Min(_prefix.Length, target.Length);
        _prefix[..taken].CopyTo(target);
        _prefix = taken < _prefix.Length ? _prefix[taken..] : default;
        return ValueTask.FromResult(taken);
    }

    public override ValueTask<int> SendAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken) => inner.SendAsync(data, cancellationToken);

    public override void Dispose() => inner.Dispose();
}
