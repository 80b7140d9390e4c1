using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Compeer.Content.Torrents;
using Compeer.Network.Connections;
using Compeer.Network.MainlineDht;
using Compeer.Network.PortMapping;
using Compeer.Network.Transports;
using Compeer.Node.Configuration;
using Compeer.Protocols.MessageStreamEncryption;
using Compeer.Protocols.Proxies;
using Compeer.Protocols.Turn;

namespace Compeer.Node.Hosting;

/// <summary>Starts the BitTorrent client as the configuration says; without a port at the one used last time, if it is still free.</summary>
internal static class ClientStarter
{
    /// <exception cref="NodeException">The address or port cannot be had.</exception>
    public static TorrentClient Start(NodeConfiguration configuration, string dataDirectory, Action<string> note)
    {
        TorrentClientOptions options = Options(configuration, dataDirectory, note);
        if (options.Transports == PeerTransports.None)
            throw new NodeException(NodeFailure.Usage, "utp and tcp are both off, which leaves no way to connect to peers: switch one on.");
        if (options.Port != 0 || options.Proxy is not null)
            return Start(options);
        string path = Path.Combine(dataDirectory, "port");
        int kept = File.Exists(path) && ushort.TryParse(File.ReadAllText(path), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) && port > 0
            ? port
            : RandomNumberGenerator.GetInt32(49152, 65536);
        try
        {
            TorrentClient client = TorrentClient.Start(options with { Port = kept });
            State.NodeFile.Write(path, System.Text.Encoding.ASCII.GetBytes(kept.ToString(CultureInfo.InvariantCulture)), isSecret: false);
            return client;
        }
        catch (SocketException)
        {
            note($"Port {kept} is taken now; others who know it will not find this node until they hear of the new one.");
            return Start(options);
        }
    }

    private static TorrentClientOptions Options(NodeConfiguration configuration, string dataDirectory, Action<string> note)
    {
        PeerTransports transports = (configuration.IsOn(NodeOptions.Tcp) ? PeerTransports.Tcp : PeerTransports.None) | (configuration.IsOn(NodeOptions.Utp) ? PeerTransports.Utp : PeerTransports.None);
        var options = new TorrentClientOptions
        {
            DataDirectory = dataDirectory,
            KeepEvents = false,
            Bind = IPAddress.TryParse(configuration[NodeOptions.Bind], out IPAddress? bind) ? bind : null,
            Port = (int)configuration.Number(NodeOptions.Port),
            Proxy = ProxyEndPoint.TryParse(configuration[NodeOptions.Proxy], out ProxyEndPoint? proxy, out _) ? proxy : null,
            Relay = RelayUri.TryParse(configuration[NodeOptions.Relay], out RelayUri? relay) ? relay : null,
            Transports = transports,
            UploadLimit = configuration.Number(NodeOptions.LimitUp),
            DownloadLimit = configuration.Number(NodeOptions.LimitDown),
            MaxConnections = (int)configuration.Number(NodeOptions.MaxConnections),
            UploadSlots = (int)configuration.Number(NodeOptions.UploadSlots),
            StunServers = [.. HostText.ParseAll(configuration[NodeOptions.Stun])],
            LocalDiscovery = configuration.IsOn(NodeOptions.Lan),
            Encryption = Enum.Parse<EncryptionPolicy>(configuration[NodeOptions.Encryption], ignoreCase: true),
            PortMapping = configuration.IsOn(NodeOptions.PortMapping) ? new PortMappingOptions() : null,
        };
        return configuration.IsOn(NodeOptions.Dht) ? options with { Dht = Dht(configuration, dataDirectory, note) } : options;
    }

    private static DhtServiceOptions Dht(NodeConfiguration configuration, string dataDirectory, Action<string> note)
    {
        var dht = new DhtServiceOptions { CachePath = Path.Combine(dataDirectory, "dht.nodes"), Note = note };
        DnsEndPoint[] entries = HostText.ParseAll(configuration[NodeOptions.DhtBootstrap]);
        return entries.Length > 0 ? dht with { Entries = [.. entries] } : dht;
    }

    private static TorrentClient Start(TorrentClientOptions options)
    {
        try
        {
            return TorrentClient.Start(options);
        }
        catch (SocketException e)
        {
            string where = $"{options.Bind?.ToString() ?? "all addresses"}, port {options.Port}";
            throw new NodeException(NodeFailure.Usage, $"Peers cannot be listened for on {where}: {SocketErrors.Describe(e.SocketErrorCode)}. Choose another port or bind.", e);
        }
    }
}
