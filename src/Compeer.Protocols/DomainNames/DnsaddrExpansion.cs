using Compeer.Formats.Multiformats;

namespace Compeer.Protocols.DomainNames;

/// <summary>
/// Finds the addresses that a /dnsaddr address stands for: says whose texts are to be looked up, and takes them. What follows the name
/// in the address is a filter: only addresses that end so are taken. At most <see cref="MaxLookups"/> names, <see cref="MaxDepth"/> deep,
/// and <see cref="MaxAddresses"/> addresses; what is more is left out. Single-threaded. Spec: multiformats/multiaddr protocols/DNSADDR.md.
/// </summary>
public sealed class DnsaddrExpansion
{
    /// <summary>Names that are looked up for one address.</summary>
    public const int MaxLookups = 32;

    /// <summary>How often one name may lead to another.</summary>
    public const int MaxDepth = 8;

    /// <summary>Addresses that are found for one.</summary>
    public const int MaxAddresses = 64;

    private const string RecordPrefix = "dnsaddr=";
    private const string NamePrefix = "_dnsaddr.";

    private readonly Queue<(Multiaddr Address, int Depth)> _open = new();
    private readonly HashSet<Multiaddr> _seen = [];
    private readonly List<Multiaddr> _found = [];
    private (Multiaddr Address, int Depth) _asked;
    private int _lookups;

    /// <summary>Begins with an address that <see cref="IsDnsaddr"/>.</summary>
    public DnsaddrExpansion(Multiaddr address) => Open(address, 0);

    /// <summary>What was found, in the order of the answers, without doubles.</summary>
    public IReadOnlyList<Multiaddr> Found => _found;

    /// <summary>Whether the address begins with /dnsaddr.</summary>
    public static bool IsDnsaddr(Multiaddr address) => address.Components[0].Protocol == MultiaddrProtocol.DnsAddr;

    /// <summary>The next name whose texts are wanted; false when all is found. <see cref="OnTexts"/> follows.</summary>
    public bool TryNext(out string name)
    {
        name = "";
        if (_found.Count >= MaxAddresses || _lookups >= MaxLookups || !_open.TryDequeue(out _asked))
            return false;
        _lookups++;
        name = NamePrefix + _asked.Address.Components[0].Text;
        return true;
    }

    /// <summary>Takes the texts of the name that was asked for last.</summary>
    public void OnTexts(IReadOnlyList<string> texts)
    {
        foreach (string text in texts)
        {
            if (!text.StartsWith(RecordPrefix, StringComparison.Ordinal) || !Multiaddr.TryParse(text[RecordPrefix.Length..], out Multiaddr? address) || !EndsAsAsked(address))
                continue;
            if (IsDnsaddr(address))
                Open(address, _asked.Depth + 1);
            else if (_found.Count < MaxAddresses && _seen.Add(address))
                _found.Add(address);
        }
    }

    private void Open(Multiaddr address, int depth)
    {
        if (depth <= MaxDepth && _open.Count < MaxLookups && TxtQuestion.IsName(NamePrefix + address.Components[0].Text) && _seen.Add(address))
            _open.Enqueue((address, depth));
    }

    private bool EndsAsAsked(Multiaddr address)
    {
        IEnumerable<MultiaddrComponent> wanted = _asked.Address.Components.Skip(1).Reverse();
        return wanted.Zip(address.Components.Reverse(), (w, a) => w.Protocol == a.Protocol && w.Value.SequenceEqual(a.Value)).All(same => same)
            && address.Components.Count >= _asked.Address.Components.Count - 1;
    }
}
