using System.Net;
using Compeer.Protocols.Trackers;

namespace Compeer.Protocols.Connecting;

/// <summary>
/// Keeps the dials of a torrent from being aimed at one machine or network by those who only name addresses: counts entries,
/// dials under way and failures per address and per /24 or /64.
/// </summary>
/// <remarks>
/// This machine itself is exempt, since nobody further away can make us take its addresses. A local network is exempt from the
/// limits per network: it is one network. Bounded: ledgers without entries are dropped when there are too many.
/// </remarks>
internal sealed class DialLimits(PeerBookOptions options)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);

    private readonly Dictionary<IPAddress, AddressLedger> _addresses = [];
    private readonly Dictionary<AddressPrefix, AddressLedger> _prefixes = [];

    /// <summary>The entries at an address.</summary>
    public IReadOnlyList<PeerEntry> At(IPAddress address) => _addresses.TryGetValue(address, out AddressLedger? ledger) ? ledger.Entries : [];

    /// <summary>Why one more address on others' word is too much; <paramref name="instead"/> is an entry that failed and could make room.</summary>
    public PeerRefusal Check(IPEndPoint endpoint, out PeerEntry? instead)
    {
        instead = null;
        AddressReach reach = AddressReaches.Of(endpoint.Address);
        if (reach == AddressReach.Loopback)
            return PeerRefusal.None;
        if (At(endpoint.Address) is { } ports && ports.Count >= options.MaxPortsPerAddress)
            return Replaceable(ports, out instead) ? PeerRefusal.None : PeerRefusal.TooManyPorts;
        if (reach == AddressReach.Global && _prefixes.TryGetValue(AddressPrefix.Of(endpoint.Address), out AddressLedger? prefix)
            && prefix.Entries.Count >= options.MaxPeersPerPrefix)
            return Replaceable(prefix.Entries, out instead) ? PeerRefusal.None : PeerRefusal.TooManyInPrefix;
        return PeerRefusal.None;
    }

    /// <summary>An entry was taken in.</summary>
    public void Add(PeerEntry entry, Instant now)
    {
        if (_addresses.Count >= 4 * options.MaxPeers)
            Trim(_addresses, now);
        if (_prefixes.Count >= 4 * options.MaxPeers)
            Trim(_prefixes, now);
        entry.Address = Ledger(_addresses, entry.EndPoint.Address, options.DialsPerAddress);
        entry.Address.Entries.Add(entry);
        if (AddressReaches.Of(entry.EndPoint.Address) != AddressReach.Global)
            return;
        entry.Prefix = Ledger(_prefixes, AddressPrefix.Of(entry.EndPoint.Address), options.DialsPerPrefix);
        entry.Prefix.Entries.Add(entry);
    }

    /// <summary>An entry was forgotten; its ledgers stay while they still count.</summary>
    public void Remove(PeerEntry entry, Instant now)
    {
        entry.Address.Entries.Remove(entry);
        if (entry.Address.IsIdle(now))
            _addresses.Remove(entry.EndPoint.Address);
        entry.Prefix?.Entries.Remove(entry);
        if (entry.Prefix?.IsIdle(now) == true)
            _prefixes.Remove(AddressPrefix.Of(entry.EndPoint.Address));
    }

    /// <summary>Lets a dial begin, or says when to ask again and why.</summary>
    public bool TryBegin(PeerEntry entry, Instant now, out Instant again, out string why)
    {
        again = now + Soon;
        why = "";
        if (!IsExempt(entry))
        {
            if (entry.Address.Dialling >= options.MaxDiallingPerAddress)
                why = "another port of its address is being tried";
            else if (entry.Prefix?.Dialling >= options.MaxDiallingPerPrefix)
                why = "enough addresses of its network are being tried";
            else if (!entry.IsVerified)
                CheckAllowance(entry, now, ref again, ref why);
            if (why.Length > 0)
                return false;
        }
        entry.Address.Dialling++;
        if (entry.Prefix is not null)
            entry.Prefix.Dialling++;
        if (!entry.IsVerified && !IsExempt(entry))
        {
            entry.Address.Spend(now);
            entry.Prefix?.Spend(now);
        }
        return true;
    }

    /// <summary>The dial is over.</summary>
    public static void End(PeerEntry entry, bool reached, Instant now)
    {
        entry.Address.Dialling--;
        if (entry.Prefix is not null)
            entry.Prefix.Dialling--;
        if (!reached || entry.IsVerified)
            return;
        entry.Address.Refund(now);
        entry.Prefix?.Refund(now);
    }

    private static void CheckAllowance(PeerEntry entry, Instant now, ref Instant again, ref string why)
    {
        if (entry.Address.NextAllowed(now) is var address && address > now)
        {
            why = "its address was tried often enough for this hour";
            again = address;
        }
        else if (entry.Prefix?.NextAllowed(now) is { } prefix && prefix > now)
        {
            why = "its network was tried often enough for this hour";
            again = prefix;
        }
    }

    private static bool IsExempt(PeerEntry entry) => entry.Sources.IsNamed() || AddressReaches.Of(entry.EndPoint.Address) == AddressReach.Loopback;

    private static bool Replaceable(IReadOnlyList<PeerEntry> entries, out PeerEntry? worst)
    {
        worst = entries.Where(e => e.MayBeForgotten && e.Failures > 0).MaxBy(e => e.Failures);
        return worst is not null;
    }

    private static AddressLedger Ledger<TKey>(Dictionary<TKey, AddressLedger> ledgers, TKey key, int dialsPerHour) where TKey : notnull
    {
        if (!ledgers.TryGetValue(key, out AddressLedger? ledger))
            ledgers[key] = ledger = new AddressLedger(dialsPerHour);
        return ledger;
    }

    /// <summary>First what says nothing, then whatever has no entry: to get there somebody must have made us dial thousands of other addresses.</summary>
    private static void Trim<TKey>(Dictionary<TKey, AddressLedger> ledgers, Instant now) where TKey : notnull
    {
        int before = ledgers.Count;
        foreach (TKey key in ledgers.Where(l => l.Value.IsIdle(now)).Select(l => l.Key).ToArray())
            ledgers.Remove(key);
        if (ledgers.Count > before / 2)
        {
            foreach (TKey key in ledgers.Where(l => l.Value.Entries.Count == 0 && l.Value.Dialling == 0).Select(l => l.Key).ToArray())
                ledgers.Remove(key);
        }
    }
}
