namespace Compeer.Simulator.Networking;

/// <summary>What became of the datagrams of a world.</summary>
public sealed class NetworkCounters
{
    /// <summary>Sent by machines.</summary>
    public long Sent { get; internal set; }

    /// <summary>Payload bytes sent.</summary>
    public long SentBytes { get; internal set; }

    /// <summary>Handed to a machine, copies included.</summary>
    public long Delivered { get; internal set; }

    /// <summary>Lost by chance.</summary>
    public long Lost { get; internal set; }

    /// <summary>Second copies made.</summary>
    public long Duplicated { get; internal set; }

    /// <summary>Lost at a partition.</summary>
    public long Cut { get; internal set; }

    /// <summary>Refused by a NAT.</summary>
    public long Filtered { get; internal set; }

    /// <summary>Sent to an address where nobody was, or nobody is any more, or too long.</summary>
    public long Undeliverable { get; internal set; }
}
