using Compeer.Protocols.PeerWire;

namespace Compeer.Protocols.WebSeeds;

/// <summary>A block that arrived from a web seed.</summary>
public readonly ref struct WebSeedBlock
{
    /// <summary>Which block.</summary>
    public required BlockRequest Request { get; init; }

    /// <summary>Its bytes; a view that is good until the next call.</summary>
    public required ReadOnlySpan<byte> Payload { get; init; }
}
