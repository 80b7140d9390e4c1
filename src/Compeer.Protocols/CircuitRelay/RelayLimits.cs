namespace Compeer.Protocols.CircuitRelay;

/// <summary>
/// What a relay gives. At worst it holds <see cref="MaxReservations"/> entries of some 200 bytes, and for each circuit
/// two buffers of 4 KiB: 16 MiB when every reserved peer has all its circuits.
/// </summary>
public sealed record RelayLimits
{
    /// <summary>Peers that have a place.</summary>
    public int MaxReservations { get; init; } = 128;

    /// <summary>Places of peers that come from one address (IPv4), or one /56 (IPv6).</summary>
    public int MaxReservationsPerAddress { get; init; } = 8;

    /// <summary>How long a place lasts unless it is refreshed.</summary>
    public TimeSpan ReservationTime { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Circuits of one peer, to it and from it together.</summary>
    public int MaxCircuitsPerPeer { get; init; } = 16;

    /// <summary>How long a circuit lasts; whole seconds.</summary>
    public TimeSpan CircuitTime { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Bytes of a circuit in each direction.</summary>
    public ulong CircuitBytes { get; init; } = 128 << 10;

    /// <summary>The two limits as peers are told.</summary>
    public CircuitLimit Limit => new(CircuitTime, CircuitBytes);
}
