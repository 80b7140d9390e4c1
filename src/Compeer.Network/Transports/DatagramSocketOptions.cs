namespace Compeer.Network.Transports;

/// <summary>How a <see cref="DatagramSocket"/> receives. Its memory is <see cref="Slots"/> times <see cref="SlotBytes"/>, of which the system holds what was once filled.</summary>
public sealed record DatagramSocketOptions
{
    /// <summary>The longest payload that UDP can carry, rounded up: nothing is too long for such a slot.</summary>
    public const int LongestBytes = 65_536;

    /// <summary>Datagrams received by one call at most; with <see cref="Coalesce"/>, trains of datagrams.</summary>
    public int Slots { get; init; } = 16;

    /// <summary>The longest datagram that is received; longer ones are dropped.</summary>
    public int SlotBytes { get; init; } = LongestBytes;

    /// <summary>Whether the system may hand over datagrams of one sender as one train, which is cut again here. Needs slots of <see cref="LongestBytes"/>.</summary>
    public bool Coalesce { get; init; } = true;

    /// <summary>Whether the batch calls of Linux are used where there are any; without them each datagram is a call of its own.</summary>
    public bool UseBatchCalls { get; init; } = true;

    /// <summary>The system's buffers for each direction, in bytes; it may give less.</summary>
    public int KernelBufferBytes { get; init; } = 4 << 20;
}
