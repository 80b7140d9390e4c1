using System.Collections.Immutable;
using System.Globalization;
using Compeer.Protocols.Stun;
using Compeer.Protocols.Trackers;

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
        DirectInV6 = JudgeInV6(facts);
        DirectOut = JudgeOut(facts);
        HolePunching = JudgePunching(facts);
        Relay = JudgeRelay(facts);
        Advice = [.. Advise(facts)];
    }

    /// <summary>Others connect to us over IPv4.</summary>
    public Way DirectIn { get; }

    /// <summary>Others connect to us over IPv6.</summary>
    public Way DirectInV6 { get; }

    /// <summary>We connect to others.</summary>
    public Way DirectOut { get; }

    /// <summary>A third peer introduces us and another, and both connect at once.</summary>
    public Way HolePunching { get; }

    /// <summary>A relay passes everything on.</summary>
    public Way Relay { get; }

    /// <summary>What to do, the most useful first; never empty.</summary>
    public ImmutableArray<string> Advice { get; }

    /// <summary>Whether peers that cannot be reached themselves have a good chance to connect with us.</summary>
    public bool IsReachable => DirectIn.Outlook >= Outlook.Likely || DirectInV6.Outlook >= Outlook.Likely || HolePunching.Outlook >= Outlook.Likely;

    private static Way JudgeIn(ReachabilityFacts facts)
    {
        if (facts.IsOnlyV6)
            return new(Outlook.No, "this machine has no IPv4 address");
        if (JudgeProven(facts, facts.OwnPort, facts.StrangersHeard) is { } proven)
            return proven;
        bool isFiltered = IsFiltered(facts.OwnPort);
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

    private static Way JudgeInV6(ReachabilityFacts facts)
    {
        if (JudgeProven(facts, facts.OwnPortV6, facts.StrangersHeardV6) is { } proven)
            return proven;
        if (!facts.HasV6)
            return new(Outlook.No, "this machine has no IPv6 address");
        if (facts is { HasGlobalV6: false, PublicV6: null })
            return new(Outlook.No, "the IPv6 addresses of this machine lead nowhere outside its own network");
        bool isFiltered = IsFiltered(facts.OwnPortV6);
        if (facts is { PublicV6: { } seen, IsSeenAtOwnV6: false })
            return new(isFiltered ? Outlook.No : Outlook.Unknown, $"others see us at {seen.Address}, which is no address of this machine: IPv6 is translated on the way{(isFiltered ? ", and only answers come in" : "")}");
        if (isFiltered)
            return new(Outlook.No, facts.PinholeTcp is { } said ? $"the router says that it lets {said} in, but a datagram from outside did not come in" : "a firewall lets in only answers");
        if (facts.PinholeTcp is { } open)
            return new(Outlook.Likely, $"the router lets {open} in; nobody outside has tried it");
        return new(Outlook.Unknown, facts.PublicV6 is null ? "nobody outside told anything" : "others see this machine's own address, but most routers let nothing in over IPv6 unless told to");
    }

    /// <summary>What holds for both families: nobody comes through a proxy, and whatever has come in can come in.</summary>
    private static Way? JudgeProven(ReachabilityFacts facts, NatBehaviour? ownPort, long strangersHeard) =>
        facts.HasProxy ? new(Outlook.No, ProxyReason)
        : ownPort?.Filtering == NatFiltering.EndpointIndependent ? new(Outlook.Yes, "a datagram from an address we had never sent to came in")
        : strangersHeard > 0 ? new(Outlook.Likely, "nodes of the DHT that we had not heard of came to us")
        : null;

    private static bool IsFiltered(NatBehaviour? ownPort) => ownPort?.Filtering is NatFiltering.AddressDependent or NatFiltering.AddressAndPortDependent;

    private static Way JudgeOut(ReachabilityFacts facts) =>
        facts.HasProxy ? new(Outlook.Likely, "over TCP, through the proxy")
        : facts.HasUdp ? new(Outlook.Yes, "over UDP, as answers came; TCP was not tried")
        : facts.IsUdpSilent ? new(Outlook.Unknown, "nobody answered over UDP; TCP was not tried")
        : new(Outlook.Unknown, "nobody was asked");

    private static Way JudgePunching(ReachabilityFacts facts) =>
        facts.HasProxy ? new(Outlook.No, ProxyReason)
        : facts.IsUdpSilent ? new(Outlook.No, "nobody answered over UDP")
        : facts is { IsOnlyV6: true, IsSeenAtOwnV6: true } ? new(Outlook.Likely, "our IPv6 address and port are the same for everybody")
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
        if (JudgeInV6(facts).Outlook < Outlook.Likely && (facts.HasGlobalV6 || facts.IsSeenAtOwnV6))
            advice.Add($"For IPv6, let port {port} (TCP and UDP) in to this machine{To(facts, isV6: true)}, in the firewall of the router (its IPv6 rules may be called pinholes or exceptions) and in that of this machine.");
        if (incoming.Outlook < Outlook.Likely && punching.Outlook == Outlook.No && facts.RelayWorks != true)
            advice.Add("Until then peers behind such a NAT as yours cannot connect with you: a relay that a friend runs on a reachable machine (compeer relay) passes everything on.");
        if (facts.StunServers == 0)
            advice.Add("For the type of the NAT and a test from outside, name a STUN server that you trust: compeer doctor --stun HOST:PORT (two, if they have one address each).");
        else if ((facts.OwnPort ?? facts.OwnPortV6) is { IsUdpBlocked: false, Filtering: NatFiltering.Unknown })
            advice.Add("The STUN servers named have one address each, so they cannot test whether strangers can come in; one with two addresses (RFC 5780) can.");
        if (facts is { HasDht: true, DhtNodes: 0, IsUdpSilent: false })
            advice.Add("No node of the DHT answered: name one that works with --dht-bootstrap HOST:PORT.");
        if (advice.Count == 0)
            advice.Add("Nothing: others can reach you.");
        return advice;
    }

    private static string To(ReachabilityFacts facts, bool isV6 = false) =>
        facts.LocalAddresses.Where(a => StunAddressCodec.IsV6(a) == isV6).MaxBy(AddressReaches.Of) is { } own ? $" ({own})" : "";
}
