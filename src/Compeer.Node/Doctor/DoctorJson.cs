using System.Text.Json;
using System.Text.Json.Nodes;
using Compeer.Network.Stun;
using Compeer.Protocols.Connecting;
using Compeer.Protocols.PortMapping;
using Compeer.Protocols.Reachability;
using Compeer.Protocols.Stun;

namespace Compeer.Node.Doctor;

/// <summary>The findings as one JSON object.</summary>
public static class DoctorJson
{
    /// <summary>All that was found.</summary>
    public static JsonObject Describe(DoctorFindings found) => new()
    {
        ["reachable"] = found.Verdict.IsReachable,
        ["port"] = found.Facts.Port,
        ["local"] = new JsonArray([.. found.Interfaces.Select(i => (JsonNode)new JsonObject { ["interface"] = i.Interface, ["address"] = i.Address.ToString() })]),
        ["publicAddresses"] = Describe(found.Public),
        ["stun"] = new JsonArray([.. found.StunServers.Select(s => (JsonNode)new JsonObject { ["server"] = s.Server, ["answer"] = s.Answer })]),
        ["udpSilent"] = found.Facts.IsUdpSilent,
        ["mapping"] = Name(found.Facts.Mapping),
        ["filtering"] = Name(found.Facts.Nat?.Filtering ?? NatFiltering.Unknown),
        ["keepsPort"] = found.Facts.Nat?.KeepsPort,
        ["ownPortFiltering"] = Name(found.Facts.OwnPort?.Filtering ?? NatFiltering.Unknown),
        ["ownPortFilteringV6"] = Name(found.Facts.OwnPortV6?.Filtering ?? NatFiltering.Unknown),
        ["pinholeTcp"] = found.Facts.PinholeTcp?.ToString(),
        ["router"] = found.Facts.Router?.ToString(),
        ["mappedTcp"] = found.Facts.MappedTcp?.ToString(),
        ["mappedUdp"] = found.Facts.MappedUdp?.ToString(),
        ["mappedBy"] = found.PortMapping is { Way: not PortMappingWays.None and var way } ? way.NameOf() : null,
        ["dhtNodes"] = found.Facts.DhtNodes,
        ["dhtFirstAnswerSeconds"] = found.DhtFirstAnswer is { } first ? Math.Round(first.TotalSeconds, 3) : null,
        ["relay"] = found.Relay is null ? null : DoctorText.Relay(found.Relay),
        ["proxy"] = found.Proxy,
        ["firewalls"] = new JsonArray([.. found.Firewalls.Select(f => JsonValue.Create(f))]),
        ["ways"] = new JsonObject
        {
            ["in"] = Describe(found.Verdict.DirectIn), ["in6"] = Describe(found.Verdict.DirectInV6), ["out"] = Describe(found.Verdict.DirectOut), ["holePunching"] = Describe(found.Verdict.HolePunching), ["relay"] = Describe(found.Verdict.Relay),
        },
        ["advice"] = new JsonArray([.. found.Verdict.Advice.Select(a => JsonValue.Create(a))]),
        ["seconds"] = Math.Round(found.Duration.TotalSeconds, 3),
    };

    /// <summary>Under which addresses others see us.</summary>
    public static JsonArray Describe(PublicAddresses addresses) => new([.. addresses.Known.Select(known => (JsonNode)new JsonObject
    {
        ["address"] = known.Address.ToString(), ["udpPort"] = known.UdpPort, ["toldBy"] = known.Witnesses.Describe(), ["votes"] = known.Votes,
    })]);

    private static JsonObject Describe(Way way) => new() { ["outlook"] = Name(way.Outlook), ["reason"] = way.Reason };

    private static string Name<T>(T value) where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());
}
