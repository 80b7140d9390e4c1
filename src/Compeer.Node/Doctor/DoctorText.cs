using System.Net;
using Compeer.Network;
using Compeer.Network.PortMapping;
using Compeer.Network.Turn;
using Compeer.Protocols.Connecting;
using Compeer.Protocols.Reachability;
using Compeer.Protocols.Stun;

namespace Compeer.Node.Doctor;

/// <summary>The findings in lines for a person: a heading, and what was seen below it.</summary>
public static class DoctorText
{
    /// <summary>All that was found, with headings and indents.</summary>
    public static IEnumerable<string> Lines(DoctorFindings found)
    {
        List<(string Heading, IEnumerable<string> Lines)> sections = found.Proxy is { } proxy
            ? [("Proxy", [proxy])]
            :
            [
                ("Addresses", Addresses(found)), ("NAT", Nat(found)), ("Port mapping", Mapping(found.PortMapping)), ($"From outside to port {found.Facts.Port}", FromOutside(found.Facts)),
                ("DHT", Dht(found)), ("Relay", [Relay(found.Relay)]), ("Firewall of this machine", found.Firewalls),
            ];
        sections.Add(("Which ways will work", Ways(found.Verdict)));
        sections.Add(("What to do", found.Verdict.Advice.Select((advice, i) => $"{i + 1}. {advice}")));
        return sections.SelectMany(section => section.Lines.Select(line => "  " + line).Prepend(section.Heading));
    }

    /// <summary>The word for an outlook.</summary>
    public static string NameOf(Outlook outlook) => outlook switch
    {
        Outlook.Yes => "yes",
        Outlook.Likely => "likely",
        Outlook.No => "no",
        _ => "not known",
    };

    /// <summary>A sentence on the relay.</summary>
    public static string Relay(RelayStatus? relay) => relay switch
    {
        null => "None was named.",
        { Relayed: { } relayed } => $"The relay gave us {relayed}.",
        { Problem: { } problem } => problem,
        _ => "The relay did not answer in time.",
    };

    private static IEnumerable<string> Addresses(DoctorFindings found)
    {
        foreach ((string device, IPAddress address) in found.Interfaces)
            yield return $"{device}: {address}";
        yield return Seen("IPv4", found.Public.V4) ?? "IPv4: under which address others see us is not known.";
        yield return Seen("IPv6", found.Public.V6) ?? (found.Facts.HasGlobalV6
            ? "IPv6: this machine has an address of the Internet; nobody outside has told whether that is what others see."
            : "IPv6: this machine has no address of the Internet.");
    }

    private static string? Seen(string family, PublicAddress? seen) =>
        seen is null ? null : $"{family}: others see us at {seen.Address} (told by {seen.Witnesses.Describe()}, {seen.Votes} {(seen.Votes == 1 ? "vote" : "votes")}).";

    private static IEnumerable<string> Nat(DoctorFindings found)
    {
        ReachabilityFacts facts = found.Facts;
        foreach ((string server, string answer) in found.StunServers)
            yield return $"STUN server {server} {answer}.";
        if (facts.IsUdpSilent)
            yield return "Nobody answered over UDP: it is blocked, or the names given are wrong.";
        yield return facts.Mapping switch
        {
            NatMapping.NoNat => "There is no NAT: others see this machine's own address and port.",
            NatMapping.EndpointIndependent => facts.Nat is { KeepsPort: true }
                ? "A NAT that keeps our port number and shows it to everybody (mapping: endpoint independent)."
                : "A NAT that shows everybody the same port (mapping: endpoint independent).",
            NatMapping.AddressDependent => "A NAT that shows each address another port (mapping: address dependent).",
            NatMapping.AddressAndPortDependent => "A NAT that shows each destination another port, also called symmetric (mapping: address and port dependent).",
            _ => "Whether there is a NAT, and how it chooses ports, is not known: too few told.",
        };
        yield return facts.Nat?.Filtering switch
        {
            NatFiltering.EndpointIndependent => "What anybody sends is let in (filtering: endpoint independent).",
            NatFiltering.AddressDependent => "Only what comes from addresses we have sent to is let in (filtering: address dependent).",
            NatFiltering.AddressAndPortDependent => "Only answers are let in, from the very address and port we have sent to (filtering: address and port dependent).",
            _ => "What is let in from outside was not tested: only a STUN server with two addresses can.",
        };
    }

    private static IEnumerable<string> Mapping(PortMappingStatus? status) =>
        status?.Describe(MonotonicClock.Now) ?? ["Switched off with --no-port-mapping."];

    private static IEnumerable<string> FromOutside(ReachabilityFacts facts)
    {
        if (!facts.IsOnlyV6)
            yield return $"UDP: {Incoming(facts.OwnPort, facts.StrangersHeard)}.";
        if (facts.HasV6)
            yield return $"UDP over IPv6: {Incoming(facts.OwnPortV6, facts.StrangersHeardV6)}.";
        yield return TcpFromOutside(facts) is { } at
            ? $"TCP: not known; nobody outside has tried it. Somebody elsewhere can, while 'compeer share' runs here: nc -vz {at.Address} {at.Port}"
            : "TCP: not known; only a connection from outside can tell.";
    }

    /// <summary>Where a connection from outside would have to arrive; null when no such place is known.</summary>
    private static IPEndPoint? TcpFromOutside(ReachabilityFacts facts) =>
        facts.MappedTcp
        ?? (facts.PublicV4 is { } v4 && facts.LocalAddresses.Contains(v4.Address) ? new IPEndPoint(v4.Address, facts.Port)
            : facts is { IsSeenAtOwnV6: true, PublicV6: { } v6 } ? new IPEndPoint(v6.Address, facts.Port) : null);

    private static string Incoming(NatBehaviour? ownPort, long strangersHeard) => ownPort?.Filtering switch
    {
        NatFiltering.EndpointIndependent => "comes in; a datagram from an address we had never sent to arrived",
        NatFiltering.AddressDependent or NatFiltering.AddressAndPortDependent => "does not come in, unless we have sent there before",
        _ when strangersHeard > 0 => "it seems to come in; nodes of the DHT that we had not heard of came to us",
        _ => "not known; nobody outside has tried it",
    };

    private static IEnumerable<string> Dht(DoctorFindings found)
    {
        yield return found.Dht is not { } dht ? "Switched off."
            : dht.Nodes == 0 ? "No node answered."
            : $"{dht.Nodes} nodes answered" + (found.DhtFirstAnswer is { } first ? $", the first after {first.TotalSeconds:0.0} s." : ".");
    }

    private static IEnumerable<string> Ways(ReachabilityVerdict verdict) =>
    [
        Line("Others connect to us", verdict.DirectIn), Line("Others connect to us over IPv6", verdict.DirectInV6), Line("We connect to others", verdict.DirectOut), Line("Hole punching", verdict.HolePunching), Line("Relay", verdict.Relay),
    ];

    private static string Line(string what, Way way) => $"{what}: {NameOf(way.Outlook)} ({way.Reason}).";
}
