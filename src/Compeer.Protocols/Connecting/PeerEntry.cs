using System.Net;

namespace Compeer.Protocols.Connecting;

/// <summary>Where an entry of a book stands.</summary>
internal enum PeerState
{
    /// <summary>To be dialled when its turn comes.</summary>
    Ready,

    /// <summary>Not before <see cref="PeerEntry.NextTry"/>.</summary>
    Waiting,

    /// <summary>Not to be dialled: both sides only give.</summary>
    Resting,

    /// <summary>A dial is under way.</summary>
    Dialling,

    /// <summary>A connection is up.</summary>
    Connected,
}

/// <summary>One address of a <see cref="PeerBook"/>. What orders it must not change while it is in an order: the book sees to that.</summary>
internal sealed class PeerEntry(IPEndPoint endPoint, long number)
{
    public IPEndPoint EndPoint { get; } = endPoint;

    /// <summary>Never used twice: decides among equals, the older first.</summary>
    public long Number { get; } = number;

    public PeerSource Sources { get; set; }

    /// <summary>Of the teller that is believed most; null when nobody's word is needed.</summary>
    public TellerTally? Tally { get; set; }

    /// <summary>BEP 40: higher is earlier.</summary>
    public uint Priority { get; set; }

    /// <summary>In a row.</summary>
    public int Failures { get; set; }

    public Instant NextTry { get; set; }

    public PeerState State { get; set; }

    /// <summary>It answered a dial of ours as a peer, in this run.</summary>
    public bool IsVerified { get; set; }

    /// <summary>It gives only.</summary>
    public bool IsSeed { get; set; }

    /// <summary>Its teller was credited or blamed for it.</summary>
    public bool IsCounted { get; set; }

    /// <summary>When the last connection that we dialled began or ended.</summary>
    public Instant LastSeen { get; set; }

    /// <summary>Why it waits, one clause.</summary>
    public string Why { get; set; } = "";

    public AddressLedger Address { get; set; } = null!;

    /// <summary>Null for addresses that are not of the Internet.</summary>
    public AddressLedger? Prefix { get; set; }

    public bool IsBusy => State is PeerState.Dialling or PeerState.Connected;

    public bool MayBeForgotten => !IsBusy && !IsVerified && !Sources.IsNamed();

    /// <summary>Lower is dialled earlier.</summary>
    public int Rank =>
        Sources.IsNamed() ? 0
        : Tally?.IsDoubted == true && !IsVerified ? 4
        : (Sources & PeerSource.LocalNetwork) != 0 ? 1
        : IsVerified || (Sources & PeerSource.Remembered) != 0 ? 2
        : 3;

    /// <summary>Whom to dial first.</summary>
    public static int CompareTurn(PeerEntry a, PeerEntry b)
    {
        int order = a.Rank.CompareTo(b.Rank);
        order = order != 0 ? order : a.Failures.CompareTo(b.Failures);
        order = order != 0 ? order : b.Priority.CompareTo(a.Priority);
        return order != 0 ? order : a.Number.CompareTo(b.Number);
    }

    /// <summary>Whose wait is over first.</summary>
    public static int CompareWait(PeerEntry a, PeerEntry b)
    {
        int order = a.NextTry.CompareTo(b.NextTry);
        return order != 0 ? order : a.Number.CompareTo(b.Number);
    }
}
