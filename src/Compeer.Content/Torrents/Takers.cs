using System.Net;
using Compeer.Protocols;

namespace Compeer.Content.Torrents;

/// <summary>Who has fetched how much from us, those included who went. At most 200, of whom who took least is forgotten first.</summary>
internal sealed class Takers
{
    private const int MaxRemembered = 200;

    private readonly Dictionary<(IPAddress Address, string Client), (long Bytes, Instant Left)> _gone = [];

    /// <summary>Begins with those of earlier runs.</summary>
    public Takers(IEnumerable<TakerDetails> before, Instant now)
    {
        foreach (TakerDetails taker in before.Take(MaxRemembered))
            _gone[(taker.Address, taker.Client)] = (taker.Bytes, now - (taker.SinceLeft ?? TimeSpan.Zero));
    }

    /// <summary>A peer goes.</summary>
    public void OnGone(PeerLink link, Instant now)
    {
        var who = (link.Address, link.ClientName);
        if (_gone.Count >= MaxRemembered && !_gone.ContainsKey(who))
            _gone.Remove(_gone.MinBy(g => g.Value.Bytes).Key);
        _gone[who] = (_gone.GetValueOrDefault(who).Bytes + link.Up.Total, now);
    }

    /// <summary>All of them, who took most first.</summary>
    public IReadOnlyList<TakerDetails> Describe(IEnumerable<PeerLink> connected, Instant now)
    {
        var all = _gone.ToDictionary(g => g.Key, g => new TakerDetails(g.Key.Address, g.Key.Client, g.Value.Bytes, now - g.Value.Left));
        foreach (IGrouping<(IPAddress Address, string Client), PeerLink> links in connected.GroupBy(l => (l.Address, l.ClientName)))
        {
            long bytes = (all.GetValueOrDefault(links.Key)?.Bytes ?? 0) + links.Sum(l => l.Up.Total);
            if (bytes > 0)
                all[links.Key] = new TakerDetails(links.Key.Address, links.Key.Client, bytes, null);
        }
        return [.. all.Values.OrderByDescending(t => t.Bytes)];
    }
}
