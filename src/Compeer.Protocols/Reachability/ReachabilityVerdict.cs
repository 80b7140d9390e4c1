using System.Collections.Immutable;
using System.Globalization;
using Compeer.Protocols.Stun;

namespace Compeer.Protocols.Reachability;

/// <summary>Whether something will work.</summary>
public enum Outlook
{
    /// <summary>Not measured.</summary>
    Unknown,

    /// <summary>No.</summary>
    No,

    /// <summary>Everything seen speaks for it; nobody outside has tried it.</summary>
    Likely,

    /// <summary>Tried, and it worked.</summary>
    Yes,
}

/// <summary>A way between us and others.</summary>
/// <param name="Outlook">Whether it will work.</param>
/// <param name="Reason">Why we think so, a clause without a full stop.</param>
public readonly record struct Way(Outlook Outlook, string Reason);

/// <summary>What follows from the facts, for a person: which ways will work, and what to do.</summary>
public sealed record ReachabilityVerdict
{
    private const string ProxyReason = "everything leaves through the proxy, and nobody can come back through it";

    /// <summary>Draws the conclusions.</summary>
    public ReachabilityVerdict(ReachabilityFacts facts)
    {
        DirectIn = JudgeIn(facts);
        DirectOut = JudgeOut(facts);
        HolePunching = JudgePunching(facts);
        Relay = JudgeRelay(facts);
        Advice = [.. Advise(facts)];
    }

    /// <summary>Others connect to us.</summary>
    public Way DirectIn { get; }

    /// <summary>We connect to others.</summary>
    public Way DirectOut { get; }

    /// <summary>A third peer introduces us and another, and both connect at once.</summary>
    public Way HolePunching { get; }

    /// <summary>A relay passes everything on.</summary>
    public Way Relay { get; }

    /// <summary>What to do, the most useful first; never empty.</summary>
    public ImmutableArray<string> Advice { get; }

    /// <summary>Whether peers that cannot be reached themselves have a good chance to connect with us.</summary>
    public bool IsReachable => DirectIn.Outlook >= Outlook.Likely || HolePunching.Outlook >= Outlook.Likely;

    private static Way JudgeIn(ReachabilityFacts facts)
    {
        if (facts.HasProxy)
            return new(Outlook.No, ProxyReason);
        if (facts.OwnPort?.Filtering == NatFiltering.EndpointIndependent)
            return new(Outlook.Yes, "a datagram from an address we had never sent to came in");
        if (facts.StrangersHeard > 0)
            return new(Outlook.Likely, "nodes of the DHT that we had not heard of came to us");
        bool isFiltered = facts.OwnPort?.Filtering is NatFiltering.AddressDependent or NatFiltering.AddressAndPortDependent;
        if (facts.MappedTcp is { } mapped)
        {
            if (facts.IsDoubleNat)
                return new(Outlook.No, $"the router passes {mapped} on, but others see us at {facts.PublicV4!.Address}: a second router stands outside the first");
            return isFiltered
                ? new(Outlook.No, $"the router says that it passes {mapped} on, but a datagram from outside did not come in")
                : new(Outlook.Likely, $"the router passes {mapped} on to us; nobody outside has tried it");
        }
        return facts.Mapping switch
        {
            NatMapping.Unknown => new(Outlook.Unknown, "nobody outside told anything"),
            NatMapping.NoNat when isFiltered => new(Outlook.No, "there is no NAT, but a firewall lets in only answers"),
            NatMapping.NoNat => new(Outlook.Likely, "others see this machine's own address; whether a firewall stands before it is not known"),
            _ => new(Outlook.No, "the NAT lets in only answers, and no port is mapped"),
        };
    }

    private static Way JudgeOut(ReachabilityFacts facts) =>
        facts.HasProxy ? new(Outlook.Likely, "over TCP, through the proxy")
        : facts.HasUdp ? new(Outlook.Yes, "over UDP, as answers came; TCP was not tried")
        : facts.IsUdpSilent ? new(Outlook.Unknown, "nobody answered over UDP; TCP was not tried")
        : new(Outlook.Unknown, "nobody was asked");

    private static Way JudgePunching(ReachabilityFacts facts) =>
        facts.HasProxy ? new(Outlook.No, ProxyReason)
        : facts.IsUdpSilent ? new(Outlook.No, "nobody answered over UDP")
        : facts.Mapping switch
        {
            NatMapping.NoNat => new(Outlook.Likely, "our port is the same for everybody, as there is no NAT"),
            NatMapping.EndpointIndependent => new(Outlook.Likely, "the NAT shows everybody the same port, so others know where to send"),
            NatMapping.AddressDependent or NatMapping.AddressAndPortDependent => new(Outlook.No, "the NAT shows each destination another port, so nobody can know where to send"),
            _ => new(Outlook.Unknown, "how the NAT chooses ports is not known"),
        };

    private static Way JudgeRelay(ReachabilityFacts facts) => facts.RelayWorks switch
    {
        _ when facts.HasProxy => new(Outlook.No, "relays are reached over UDP, which the proxy does not carry"),
        true => new(Outlook.Yes, "the relay gave us a port"),
        false => new(Outlook.No, "the relay gave us no port"),
        null => new(Outlook.Unknown, "no relay was named"),
    };

    private static IEnumerable<string> Advise(ReachabilityFacts facts)
    {
        var advice = new List<string>();
        Way incoming = JudgeIn(facts), punching = JudgePunching(facts);
        string port = facts.Port.ToString(CultureInfo.InvariantCulture);
        if (facts.HasProxy)
            return ["To be reachable, leave --proxy out; with it, fetching works and sharing reaches only peers that you can connect to."];
        if (facts.IsUdpSilent)
            advice.Add("Nobody answered over UDP. Check the connection and the names given; if they are right, allow UDP in the firewall of this machine and of the network. Peers are still reached over TCP.");
        if (facts.IsDoubleNat)
            advice.Add($"Two routers stand between you and the Internet: forward port {port} (TCP and UDP) in the outer one to the inner one too, or set one of them to bridge mode. If the outer one is the provider's, ask for a public IPv4 address.");
        else if (incoming.Outlook == Outlook.No && facts.Mapping == NatMapping.NoNat)
            advice.Add($"Open port {port} for TCP and UDP in the firewall, for example with 'ufw allow {port}'.");
        else if (incoming.Outlook == Outlook.No && facts.MappedTcp is not null)
            advice.Add($"Look into the router's own firewall: it has mapped port {port}, but lets nothing in.");
        else if (incoming.Outlook < Outlook.Likely && facts.MappedTcp is null && facts.Router is { } router)
            advice.Add($"Switch UPnP, NAT-PMP or PCP on in the router {router}; or forward port {port} (TCP and UDP) there to this machine{To(facts)}, and start Compeer with --port {port}.");
        if (incoming.Outlook < Outlook.Likely && punching.Outlook == Outlook.No && facts.RelayWorks != true)
            advice.Add("Until then peers behind such a NAT as yours cannot connect with you: a relay that a friend runs on a reachable machine (compeer relay) passes everything on.");
        if (facts.StunServers == 0)
            advice.Add("For the type of the NAT and a test from outside, name a STUN server that you trust: compeer doctor --stun HOST:PORT (two, if they have one address each).");
        else if (facts is { OwnPort: { IsUdpBlocked: false, Filtering: NatFiltering.Unknown } })
            advice.Add("The STUN servers named have one address each, so they cannot test whether strangers can come in; one with two addresses (RFC 5780) can.");
        if (facts is { HasDht: true, DhtNodes: 0, IsUdpSilent: false })
            advice.Add("No node of the DHT answered: name one that works with --dht-bootstrap HOST:PORT.");
        if (advice.Count == 0)
            advice.Add("Nothing: others can reach you.");
        return advice;
    }

    private static string To(ReachabilityFacts facts) => facts.LocalAddresses.FirstOrDefault(a => !StunAddressCodec.IsV6(a)) is { } own ? $" ({own})" : "";
}
