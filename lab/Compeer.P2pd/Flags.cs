using Compeer.Formats.Multiformats;
using Compeer.Network.Hosting;
using Compeer.Network.SecureChannels;

namespace Compeer.P2pd;

/// <summary>What the command line says, in the words of go-libp2p-daemon.</summary>
internal sealed record Flags
{
    public const string Usage =
        "usage: p2pd [-listen=MULTIADDR] [-hostAddrs=MULTIADDR,...|-noListenAddrs] [-id=KEYFILE] [-noise=true|-tls=true] [-muxer=yamux] [-dhtServer [-dhtKept=FILE]] [-relay] [-pubsub [-pubsubRouter=gossipsub|floodsub]]";

    public Multiaddr Control { get; private init; } = Multiaddr.Parse("/ip4/127.0.0.1/tcp/0");

    public IReadOnlyList<Multiaddr> HostAddresses { get; private init; } = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")];

    public IReadOnlyList<string> Security { get; private init; } = [];

    public PrivateIdentity? Identity { get; private init; }

    public bool Pubsub { get; private init; }

    public bool IsFloodsub { get; private init; }

    public bool Dht { get; private init; }

    /// <summary>Where the DHT keeps what shall outlive the program; no option of the Go daemon.</summary>
    public string? DhtKept { get; private init; }

    public bool Relay { get; private init; }

    /// <exception cref="FormatException">Something is unknown or not offered.</exception>
    public static Flags Parse(IEnumerable<string> arguments)
    {
        var flags = new Flags();
        foreach (string argument in arguments)
        {
            string[] parts = argument.TrimStart('-').Split('=', 2);
            string value = parts.Length == 2 ? parts[1] : "true";
            flags = (parts[0], value) switch
            {
                ("listen", _) => flags with { Control = Multiaddr.Parse(value) },
                ("hostAddrs", _) => flags with { HostAddresses = [.. value.Split(',').Select(a => Multiaddr.Parse(a))] },
                ("noListenAddrs", _) => flags with { HostAddresses = [] },
                ("noise", "true") => flags with { Security = [.. flags.Security, SecurityProtocols.Noise] },
                ("tls", "true") => flags with { Security = [.. flags.Security, SecurityProtocols.Tls] },
                ("muxer", "yamux") => flags,
                ("id", _) => flags with { Identity = PrivateIdentity.Import(File.ReadAllBytes(value)) },
                ("dhtServer", "true") => flags with { Dht = true },
                ("dhtKept", _) => flags with { DhtKept = value },
                ("relay", "true") => flags with { Relay = true },
                ("pubsub", "true") => flags with { Pubsub = true },
                ("pubsubRouter", "gossipsub") => flags,
                ("pubsubRouter", "floodsub") => flags with { IsFloodsub = true },
                _ => throw new FormatException($"'{argument}' is unknown, or nothing that this host offers."),
            };
        }
        return flags;
    }
}
