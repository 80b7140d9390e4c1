using System.Globalization;
using System.Net;

namespace Compeer.Protocols.Connecting;

// Why whom: for people, doctor and tests.
public sealed partial class PeerBook
{
    private readonly int[] _refusals = new int[Enum.GetValues<PeerRefusal>().Length];

    /// <summary>What is known of one address and what will be done about it, as one sentence without a full stop.</summary>
    public string Explain(IPEndPoint endpoint, Instant now)
    {
        if (!_entries.TryGetValue(endpoint, out PeerEntry? entry))
            return IsBanned(endpoint.Address, now) ? $"{endpoint} is banned"
                : _ourselves.Contains(endpoint) ? $"{endpoint} is this program itself"
                : $"{endpoint} is not known";
        string told = entry.Sources == PeerSource.None ? "" : $" (from {entry.Sources.Describe()})";
        string failed = entry.Failures == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $", {entry.Failures} failure{(entry.Failures == 1 ? "" : "s")} in a row");
        string trust = entry.Tally?.IsDoubted == true ? ", its source was nearly always wrong" : "";
        return $"{endpoint}{told} {Standing(entry, now)}{failed}{trust}";
    }

    /// <summary>The book in counts and words. Looks at every entry.</summary>
    public PeerBookSummary Explain(Instant now)
    {
        var waiting = new Dictionary<string, int>();
        int ready = 0;
        foreach (PeerEntry entry in _entries.Values.Where(e => e.State is PeerState.Ready or PeerState.Waiting))
        {
            if (entry.NextTry <= now)
                ready++;
            else
                waiting[entry.Why] = waiting.GetValueOrDefault(entry.Why) + 1;
        }
        return new PeerBookSummary
        {
            Known = _entries.Count,
            Connected = _entries.Values.Count(e => e.State == PeerState.Connected),
            Dialling = _dialling,
            Ready = ready,
            Resting = _entries.Values.Count(e => e.State == PeerState.Resting),
            Waiting = waiting,
            Refused = Enum.GetValues<PeerRefusal>().Where(r => _refusals[(int)r] > 0).ToDictionary(r => r, r => _refusals[(int)r]),
            Banned = _banned.Values.Count(until => now < until),
        };
    }

    private static string Standing(PeerEntry entry, Instant now) => entry.State switch
    {
        PeerState.Connected => "is connected",
        PeerState.Dialling => "is being dialled",
        PeerState.Resting => "is not dialled: both sides only give",
        _ when entry.NextTry <= now => "is to be dialled when its turn comes",
        _ => string.Create(CultureInfo.InvariantCulture, $"waits {Math.Ceiling((entry.NextTry - now).TotalSeconds)} s: {entry.Why}"),
    };
}
