using System.Net;
using Compeer.Protocols;
using Compeer.Protocols.MainlineDht;

namespace Compeer.Simulator.Worlds.MainlineDht;

/// <summary>One lookup that a world watches.</summary>
/// <param name="startedAt">When it began.</param>
/// <param name="isRight">Whether a peer that it found is one that it should have found.</param>
public sealed class LookupProbe(Instant startedAt, Func<IPEndPoint, bool> isRight)
{
    /// <summary>From the start to the first right peer; null while there is none.</summary>
    public TimeSpan? FirstPeer { get; private set; }

    /// <summary>What the search told at its end; null while it runs.</summary>
    public DhtSearchReport? Report { get; private set; }

    internal void OnPeers(IEnumerable<IPEndPoint> peers, Instant now)
    {
        if (FirstPeer is null && peers.Any(isRight))
            FirstPeer = now - startedAt;
    }

    internal void OnEnd(DhtSearchReport report) => Report = report;
}
