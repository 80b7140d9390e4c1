using System.Diagnostics.CodeAnalysis;

namespace Compeer.Protocols.PortMapping;

/// <summary>
/// One way to a router, as <see cref="PortMapper"/> sees it. A request that gets no answer ends in an event all the same.
/// Single-threaded.
/// </summary>
public interface IMappingSession
{
    /// <summary>The earliest instant at which something is to be sent or done; null when idle.</summary>
    Instant? NextDeadline { get; }

    /// <summary>Asks whether the router speaks this way, what its external address is, and whether it still has the mappings.</summary>
    void Probe(Instant now);

    /// <summary>Makes a mapping or renews it.</summary>
    void Map(MappingWish wish, Instant now);

    /// <summary>Removes a mapping.</summary>
    void Unmap(MappingWish wish, Instant now);

    /// <summary>Repeats or gives up when <see cref="NextDeadline"/> has passed.</summary>
    void OnDeadline(Instant now);

    /// <summary>Takes what happened, oldest first.</summary>
    bool TryTakeEvent([NotNullWhen(true)] out MappingSessionEvent? happened);
}
