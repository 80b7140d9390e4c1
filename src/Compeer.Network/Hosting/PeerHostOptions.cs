using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Compeer.Formats.Multiformats;
using Compeer.Network.Proxies;
using Compeer.Network.SecureChannels;
using Compeer.Protocols.PrivateNetworks;
using Compeer.Protocols.Yamux;

namespace Compeer.Network.Hosting;

/// <summary>What a <see cref="PeerHost"/> is, where it listens, and its bounds.</summary>
public sealed record PeerHostOptions
{
    /// <summary>The host's key. A new one, which nobody knows, unless set.</summary>
    public PrivateIdentity Identity { get; init; } = PrivateIdentity.Generate();

    /// <summary>Where it listens: TCP addresses, with port 0 for any, and with /ws or /tls/ws at their end for WebSockets. None only dials.</summary>
    public IReadOnlyList<Multiaddr> Listen { get; init; } = [];

    /// <summary>Ways to secure a connection, of <see cref="SecurityProtocols"/>, the best first.</summary>
    public IReadOnlyList<string> Security { get; init; } = [SecurityProtocols.Noise, SecurityProtocols.Tls];

    /// <summary>The secret of the private network that it belongs to; who lacks it can neither connect nor be connected. Null is the public network.</summary>
    public PreSharedKey? PrivateNetwork { get; init; }

    /// <summary>The certificate, with its key, of addresses that end in /tls/ws; peers check it as browsers do, by the name that they dial.</summary>
    public X509Certificate2? WebSocketCertificate { get; init; }

    /// <summary>Judges certificates of WebSockets that are dialled; null leaves it to the system. Whoever answers proves the peer's key in any case.</summary>
    public RemoteCertificateValidationCallback? WebSocketTrust { get; init; }

    /// <summary>What it calls itself to others.</summary>
    public string AgentVersion { get; init; } = "compeer/0.1.0";

    /// <summary>The family of protocols that it speaks.</summary>
    public string ProtocolVersion { get; init; } = "ipfs/0.1.0";

    /// <summary>Decides which ways into the network may be used; with a proxy nothing listens.</summary>
    public NetworkPolicy Policy { get; init; } = NetworkPolicy.Open;

    /// <summary>Who is asked for the texts that /dnsaddr addresses stand for; null asks the name servers of the system.</summary>
    public IReadOnlyList<IPEndPoint>? NameServers { get; init; }

    /// <summary>The address from which it dials; null leaves it to the system.</summary>
    public IPAddress? Bind { get; init; }

    /// <summary>Bounds of each connection's streams.</summary>
    public YamuxOptions Yamux { get; init; } = new();

    /// <summary>A new connection is secured within this, or closed.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A new stream has its protocol within this, or is reset.</summary>
    public TimeSpan NegotiationTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>One address answers within this, or counts as dead.</summary>
    public TimeSpan DialTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Which peers and addresses may connect, and what they may make the host hold.</summary>
    public ConnectionLimits Limits { get; init; } = new();
}
