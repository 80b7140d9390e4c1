using System.Globalization;
using Compeer.Formats.Multiformats;
using Compeer.Protocols.DomainNames;

namespace Compeer.Tests.DomainNames;

public sealed class DnsaddrExpansionTests
{
    private const string One = "QmNnooDu7bfjPFoTZYxMNLWUQJyrVwtbZg5gBMjTezGAJN";
    private const string Two = "QmbLHAnMoJPWSCR5Zhtx6BHJX9KiKNN6tpvbUcqanj75Nb";

    /// <summary>The example of the specification.</summary>
    private readonly Dictionary<string, string[]> _texts = new()
    {
        ["_dnsaddr.bootstrap.libp2p.io"] = [$"dnsaddr=/dnsaddr/sjc-1.bootstrap.libp2p.io/tcp/4001/p2p/{One}", $"dnsaddr=/dnsaddr/ams-2.bootstrap.libp2p.io/tcp/4001/p2p/{Two}"],
        ["_dnsaddr.sjc-1.bootstrap.libp2p.io"] = [$"dnsaddr=/ip6/2604:1380:1000:6000::1/tcp/4001/p2p/{One}", $"dnsaddr=/ip4/147.75.69.143/tcp/4001/p2p/{One}"],
        ["_dnsaddr.ams-2.bootstrap.libp2p.io"] = [$"dnsaddr=/ip4/147.75.83.83/tcp/4001/p2p/{Two}", $"dnsaddr=/ip6/2604:1380:2000:7a00::1/tcp/4001/p2p/{Two}"],
    };

    [Fact]
    public void Names_lead_to_names_and_those_to_addresses() => Assert.Equal(
        [
            $"/ip6/2604:1380:1000:6000::1/tcp/4001/p2p/{One}", $"/ip4/147.75.69.143/tcp/4001/p2p/{One}",
            $"/ip4/147.75.83.83/tcp/4001/p2p/{Two}", $"/ip6/2604:1380:2000:7a00::1/tcp/4001/p2p/{Two}",
        ],
        Expand("/dnsaddr/bootstrap.libp2p.io").Found.Select(a => a.ToString()));

    [Fact]
    public void What_follows_the_name_is_a_filter()
    {
        Assert.Equal([$"/ip6/2604:1380:1000:6000::1/tcp/4001/p2p/{One}", $"/ip4/147.75.69.143/tcp/4001/p2p/{One}"], Expand($"/dnsaddr/bootstrap.libp2p.io/p2p/{One}").Found.Select(a => a.ToString()));
        Assert.Empty(Expand($"/dnsaddr/bootstrap.libp2p.io/tcp/4002/p2p/{One}").Found);
    }

    [Fact]
    public void Texts_that_are_no_addresses_are_passed_over()
    {
        _texts["_dnsaddr.lab"] = ["v=spf1 -all", "dnsaddr=", "dnsaddr=nonsense", "dnsaddr=/dnsaddr/a..b", "dnsaddr=/ip4/192.0.2.1/tcp/1", "dnsaddr=/ip4/192.0.2.1/tcp/1"];
        Assert.Equal("/ip4/192.0.2.1/tcp/1", Assert.Single(Expand("/dnsaddr/lab").Found).ToString());
    }

    [Fact]
    public void Circles_end_and_chains_are_bounded()
    {
        _texts["_dnsaddr.a"] = ["dnsaddr=/dnsaddr/b"];
        _texts["_dnsaddr.b"] = ["dnsaddr=/dnsaddr/a", "dnsaddr=/ip4/192.0.2.1/tcp/1"];
        Assert.Single(Expand("/dnsaddr/a").Found);

        for (int i = 0; i < 20; i++)
            _texts[string.Create(CultureInfo.InvariantCulture, $"_dnsaddr.n{i}")] = [string.Create(CultureInfo.InvariantCulture, $"dnsaddr=/dnsaddr/n{i + 1}"), string.Create(CultureInfo.InvariantCulture, $"dnsaddr=/ip4/192.0.2.1/tcp/{i + 1}")];
        Assert.Equal(DnsaddrExpansion.MaxDepth + 1, Expand("/dnsaddr/n0").Found.Count);
    }

    [Fact]
    public void Floods_of_names_and_addresses_are_bounded()
    {
        _texts["_dnsaddr.many"] = [.. Enumerable.Range(1, 1000).Select(i => string.Create(CultureInfo.InvariantCulture, $"dnsaddr=/dnsaddr/x{i}"))];
        Assert.Equal(DnsaddrExpansion.MaxLookups, Expand("/dnsaddr/many", out int lookups).Found.Count + lookups);
        _texts["_dnsaddr.full"] = [.. Enumerable.Range(1, 1000).Select(i => string.Create(CultureInfo.InvariantCulture, $"dnsaddr=/ip4/192.0.2.1/tcp/{i}"))];
        Assert.Equal(DnsaddrExpansion.MaxAddresses, Expand("/dnsaddr/full").Found.Count);
    }

    private DnsaddrExpansion Expand(string address) => Expand(address, out _);

    private DnsaddrExpansion Expand(string address, out int lookups)
    {
        var expansion = new DnsaddrExpansion(Multiaddr.Parse(address));
        for (lookups = 0; expansion.TryNext(out string name); lookups++)
            expansion.OnTexts(_texts.GetValueOrDefault(name, []));
        return expansion;
    }
}
