using System.Net;

namespace Compeer.Protocols.Connecting;

/// <summary>How often the addresses that one teller told were peers.</summary>
internal sealed class TellerTally
{
    /// <summary>Of the addresses tried, how many answered as peers.</summary>
    public int Answered { get; set; }

    /// <summary>And how many did not, at the first attempt.</summary>
    public int Failed { get; set; }

    /// <summary>Hardly any answered: its addresses are tried last.</summary>
    public bool IsDoubted { get; set; }
}

/// <summary>
/// Who told us of addresses, and whether they were worth it: by kind of source, and for those who have an address of their own
/// (a peer that exchanges peers, a node of the DHT) one by one. Bounded: further tellers share the tally of their kind.
/// </summary>
internal sealed class TellerTrust(PeerBookOptions options)
{
    private readonly Dictionary<(PeerSource Kind, IPAddress? Teller), TellerTally> _tallies = [];

    /// <summary>The tally of a teller; null for those whose word needs no proof.</summary>
    public TellerTally? Of(PeerSource source, IPAddress? teller)
    {
        if ((source & (PeerSource.Tracker | PeerSource.Dht | PeerSource.PeerExchange | PeerSource.LocalNetwork | PeerSource.Rendezvous)) == 0)
            return null;
        (PeerSource, IPAddress?) key = (source, teller);
        if (_tallies.TryGetValue(key, out TellerTally? tally))
            return tally;
        if (_tallies.Count >= options.MaxTellers)
            key = (source, null);
        if (!_tallies.TryGetValue(key, out tally))
            _tallies[key] = tally = new TellerTally();
        return tally;
    }

    /// <summary>Counts the first attempt at an address; true when the opinion of its teller changes with it.</summary>
    public bool Count(TellerTally tally, bool answered, out bool doubted)
    {
        if (answered)
            tally.Answered++;
        else
            tally.Failed++;
        doubted = tally.Failed >= options.FailuresUntilDoubt && tally.Answered * 8 < tally.Failed;
        return doubted != tally.IsDoubted;
    }
}
