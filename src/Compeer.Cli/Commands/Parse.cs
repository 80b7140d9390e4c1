using System.CommandLine.Parsing;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using Compeer.Cli.Output;
using Compeer.Formats.Text;
using Compeer.Formats.Torrents;
using Compeer.Protocols.MessageStreamEncryption;
using Compeer.Protocols.PortMapping;
using Compeer.Protocols.Proxies;
using Compeer.Protocols.Turn;
using Compeer.Protocols.WebSeeds;

namespace Compeer.Cli.Commands;

/// <summary>Reads values of options; what is wrong becomes a usage error that names the value.</summary>
internal static class Parse
{
    public static IPAddress? Address(ArgumentResult argument)
    {
        string text = argument.Tokens[0].Value;
        if (IPAddress.TryParse(text, out IPAddress? address))
            return address;
        argument.AddError($"'{text}' is not an IP address, such as 192.168.1.5 or fe80::1.");
        return null;
    }

    public static long Rate(ArgumentResult argument)
    {
        string text = argument.Tokens[0].Value;
        if (ByteText.TryParse(text, out long bytes))
            return bytes;
        argument.AddError($"'{text}' is not a rate, such as 500K or 2M.");
        return 0;
    }

    public static EncryptionPolicy Encryption(ArgumentResult argument)
    {
        string text = argument.Tokens[0].Value;
        if (Enum.TryParse(text, ignoreCase: true, out EncryptionPolicy policy) && char.IsAsciiLetter(text[0]))
            return policy;
        argument.AddError($"'{text}' is not an encryption policy: choose prefer, require or forbid.");
        return EncryptionPolicy.Prefer;
    }

    public static int PieceSize(ArgumentResult argument)
    {
        string text = argument.Tokens[0].Value;
        if (ByteText.TryParse(text, out long bytes) && bytes is >= 16 * 1024 and <= 256 << 20 && long.IsPow2(bytes))
            return (int)bytes;
        argument.AddError($"'{text}' is not a piece size: it must be a power of two from 16K to 256M.");
        return 0;
    }

    public static ProxyEndPoint? Proxy(ArgumentResult argument)
    {
        if (ProxyEndPoint.TryParse(argument.Tokens[0].Value, out ProxyEndPoint? proxy, out string problem))
            return proxy;
        argument.AddError($"--proxy cannot be used. {problem}");
        return null;
    }

    public static RelayUri? Relay(ArgumentResult argument)
    {
        if (TryRelay(argument.Tokens[0].Value, out RelayUri? relay))
            return relay;
        argument.AddError($"--relay cannot be used. {RelayForm}");
        return null;
    }

    /// <summary>What a relay has to look like; says nothing of the value, which may hold a password.</summary>
    public const string RelayForm = "A relay is turn:USER:PASSWORD@HOST[:PORT], such as turn:ann:correct-horse@relay.example.org; write special characters of user and password percent-encoded.";

    public static bool TryRelay(string text, [NotNullWhen(true)] out RelayUri? relay) => RelayUri.TryParse(text, out relay) && relay.IsRelay;

    public static string[] WebSeeds(ArgumentResult argument)
    {
        foreach (Token token in argument.Tokens)
        {
            if (!WebSeedUrl.TryParse(token.Value, out _, out string problem))
                argument.AddError($"'{token.Value}' cannot be used as a web seed: {problem}");
        }
        return [.. argument.Tokens.Select(t => t.Value)];
    }

    public static TorrentFormat Format(ArgumentResult argument)
    {
        string text = argument.Tokens[0].Value;
        if (Enum.TryParse(text, ignoreCase: true, out TorrentFormat format) && !char.IsAsciiDigit(text[0]))
            return format;
        argument.AddError($"'{text}' is not a format: choose v1, v2 or hybrid.");
        return TorrentFormat.Hybrid;
    }

    public static PortMappingWays PortMappingWays(ArgumentResult argument)
    {
        string text = argument.Tokens[0].Value;
        switch (text)
        {
            case "all":
                return Protocols.PortMapping.PortMappingWays.All;
            case "pcp":
                return Protocols.PortMapping.PortMappingWays.Pcp;
            case "nat-pmp":
                return Protocols.PortMapping.PortMappingWays.NatPmp;
            case "upnp":
                return Protocols.PortMapping.PortMappingWays.Igd;
            default:
                argument.AddError($"'{text}' is no way to ask a router: choose all, pcp, nat-pmp or upnp.");
                return Protocols.PortMapping.PortMappingWays.None;
        }
    }

    public static IPEndPoint? EndPoint(ArgumentResult argument)
    {
        string text = argument.Tokens[0].Value;
        if (TryEndPoint(text, out IPEndPoint endpoint))
            return endpoint;
        argument.AddError($"'{text}' is not an address with a port, such as 192.168.1.5:6881 or [fe80::1]:6881.");
        return null;
    }

    public static IPEndPoint[] EndPoints(ArgumentResult argument)
    {
        var endpoints = new List<IPEndPoint>();
        foreach (Token token in argument.Tokens)
        {
            if (TryEndPoint(token.Value, out IPEndPoint endpoint))
                endpoints.Add(endpoint);
            else
                argument.AddError($"'{token.Value}' is not an address with a port, such as 192.168.1.5:6881 or [fe80::1]:6881.");
        }
        return [.. endpoints];
    }

    public static DnsEndPoint[] HostsWithPort(ArgumentResult argument)
    {
        var hosts = new List<DnsEndPoint>();
        foreach (Token token in argument.Tokens)
        {
            int colon = token.Value.LastIndexOf(':');
            if (colon > 0 && ushort.TryParse(token.Value.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) && port > 0)
                hosts.Add(new DnsEndPoint(token.Value[..colon].Trim('[', ']'), port));
            else
                argument.AddError($"'{token.Value}' is not a host with a port, such as router.example.org:6881.");
        }
        return [.. hosts];
    }

    public static bool TryEndPoint(string text, out IPEndPoint endpoint)
    {
        bool hasPort = text.StartsWith('[') ? text.Contains("]:", StringComparison.Ordinal) : text.Count(c => c == ':') == 1;
        endpoint = new IPEndPoint(IPAddress.None, 0);
        if (!hasPort || !IPEndPoint.TryParse(text, out IPEndPoint? parsed))
            return false;
        endpoint = parsed;
        return true;
    }
}
