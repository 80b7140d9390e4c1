using System.Buffers;

namespace Compeer.Protocols.Proxies;

/// <summary>
/// What is said to a proxy until it has opened the way. Whoever drives it sends what <see cref="TryTransmit"/> gives, and
/// reads at most <see cref="BytesNeeded"/> at a time: what follows belongs to whoever is behind the proxy.
/// </summary>
public interface IProxyHandshake
{
    /// <summary>The most bytes that may be read now; 0 when it is over.</summary>
    int BytesNeeded { get; }

    /// <summary>The way is open.</summary>
    bool IsDone { get; }

    /// <summary>Why there is no way, as a clause; null while there may be one.</summary>
    string? Failure { get; }

    /// <summary>The failure is the proxy's (or ours towards it), not that of the target behind it.</summary>
    bool IsProxyFault { get; }

    /// <summary>Bytes to be sent now; false when there are none.</summary>
    bool TryTransmit(IBufferWriter<byte> output);

    /// <summary>Takes bytes, at most <see cref="BytesNeeded"/>.</summary>
    void Receive(ReadOnlySpan<byte> data);

    /// <summary>The proxy hung up.</summary>
    void OnEnd();
}
