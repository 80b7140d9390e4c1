using Compeer.Formats.Multiformats;
using Compeer.Network.Names;
using Compeer.Protocols.DomainNames;

namespace Compeer.Network.Hosting;

public sealed partial class PeerHost
{
    private readonly TxtResolver _names;

    /// <summary>The addresses that a /dnsaddr address stands for; any other address stands for itself. Most name their peer at their end.</summary>
    /// <exception cref="NameLookupException">The first name cannot be looked up, or no name may be.</exception>
    public async Task<IReadOnlyList<Multiaddr>> ResolveAsync(Multiaddr address, CancellationToken cancellationToken = default)
    {
        if (!DnsaddrExpansion.IsDnsaddr(address))
            return [address];
        var expansion = new DnsaddrExpansion(address);
        for (bool isFirst = true; expansion.TryNext(out string name); isFirst = false)
        {
            try
            {
                expansion.OnTexts(await _names.ResolveAsync(name, cancellationToken));
            }
            catch (NameLookupException) when (!isFirst)
            {
                // What the other names lead to is left.
            }
        }
        return expansion.Found;
    }

    /// <summary>Any of the peers that an address without a peer leads to.</summary>
    private async Task<HostConnection> ConnectToAnyAsync(Multiaddr address, CancellationToken cancellationToken)
    {
        var failures = new List<string>();
        foreach (IGrouping<PeerId, Multiaddr> peer in (await ResolveInTimeAsync(address, failures, cancellationToken)).Where(a => a.PeerId is not null).GroupBy(a => a.PeerId!.Value))
        {
            AddAddresses(peer.Key, peer.Where(IsDialable));
            try
            {
                return await ConnectAsync(peer.Key, cancellationToken);
            }
            catch (PeerUnreachableException e)
            {
                failures.Add(e.Message.TrimEnd('.'));
            }
        }
        throw new PeerUnreachableException($"Cannot reach a peer of {address}: {(failures.Count > 0 ? string.Join("; ", failures) : "it leads to none")}.");
    }

    /// <summary>Puts what they stand for in the place of addresses that are to be looked up, as far as it is of that peer and can be dialled.</summary>
    private async Task<IReadOnlyList<Multiaddr>> ExpandAsync(PeerId? peer, IReadOnlyList<Multiaddr> addresses, CancellationToken cancellationToken)
    {
        if (!addresses.Any(DnsaddrExpansion.IsDnsaddr))
            return addresses;
        var expanded = addresses.Where(a => !DnsaddrExpansion.IsDnsaddr(a)).ToList();
        var failures = new List<string>();
        foreach (Multiaddr named in addresses.Where(DnsaddrExpansion.IsDnsaddr))
        {
            IReadOnlyList<Multiaddr> found = [.. (await ResolveInTimeAsync(peer is { } meant ? named.With(meant) : named, failures, cancellationToken)).Where(IsDialable)];
            expanded.AddRange(found.Select(a => a.PeerId == peer ? a.WithoutPeer() ?? a : a));
            if (found.Count > 0 || peer is not { } unknown)
                continue;
            failures.Add($"{named} leads to no address of it that can be dialled");
            lock (_lock)
                _book.Note(unknown, named, succeeded: false, MonotonicClock.Now);
        }
        return expanded.Count > 0 ? expanded : throw new PeerUnreachableException($"Cannot reach {(peer is { } who ? who.ToString() : "the peer")}: {failures[0]}.");
    }

    private async Task<IReadOnlyList<Multiaddr>> ResolveInTimeAsync(Multiaddr address, List<string> failures, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(Options.DialTimeout);
        try
        {
            return await ResolveAsync(address, deadline.Token);
        }
        catch (NameLookupException e)
        {
            failures.Add(e.Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            failures.Add($"{address} could not be looked up in time");
        }
        return [];
    }

    private static bool IsDialable(Multiaddr address) => address.Contains(MultiaddrProtocol.Circuit) || TransportAddress.TryParse(address, out _);
}
