using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Compeer.Formats.Multiformats;
using Compeer.Network.AutoNat;
using Compeer.Network.CircuitRelay;
using Compeer.Network.Dcutr;
using Compeer.Network.Gossipsub;
using Compeer.Network.Hosting;
using Compeer.Network.KadDht;

namespace Compeer.InteropTests.Lab;

/// <summary>
/// Our host of libp2p as a program, so that it can stand in a network namespace of its own: this assembly, started as <c>dotnet DLL OPTIONS</c>.
/// <code>--listen MULTIADDR | --relay MULTIADDR (has a place there) | --serve (is a relay) | --dial MULTIADDR | --dcutr
/// | --autonat (asks; with --connect MULTIADDR whom) | --autonat-server | --autorelay | --map (has its port mapped)
/// | --dht (keeps values) | --pubsub | --fetch | --seconds N</code>
/// Serves /lab/echo, and /lab/stall, which reads nothing, and says what happens, one JSON object a line: "ready", "open" and "closed", "echo", "relayed", "reachability", "mapped", "public", "error".
/// </summary>
public static class HostProgram
{
    private static readonly Lock Output = new();

    public static async Task<int> Main(string[] args)
    {
        Dictionary<string, string> options = Parse(args);
        using var end = new CancellationTokenSource(TimeSpan.FromSeconds(int.Parse(options.GetValueOrDefault("seconds", "300"), CultureInfo.InvariantCulture)));
        await using PeerHost host = await PeerHost.StartAsync(new PeerHostOptions { Listen = options.TryGetValue("listen", out string? listen) ? [Multiaddr.Parse(listen)] : [] });
        host.Handle("/lab/echo", (stream, token) => stream.CopyToAsync(stream, token), allowLimited: true);
        host.Handle("/lab/stall", (_, token) => Task.Delay(Timeout.Infinite, token));
        host.Connected += c => Say("open", Describe(c));
        host.Disconnected += c => Say("closed", Describe(c));
        host.ReachabilityChanged += r => Say("reachability", new { value = r.ToString(), addresses = Texts(host) });
        await using DcutrService? dcutr = options.ContainsKey("dcutr") ? DcutrService.Start(host) : null;
        await using CircuitRelayService? service = options.ContainsKey("serve") ? CircuitRelayService.Start(host, new CircuitRelayOptions { Serves = _ => true }) : null;
        await using AutoNatServer? server = options.ContainsKey("autonat-server") ? await AutoNatServer.StartAsync(host) : null;
        await using AutoNatService? asking = options.ContainsKey("autonat") ? AutoNatService.Start(host, new AutoNatOptions { Quorum = 1, Interval = TimeSpan.FromSeconds(3) }) : null;
        await using AutoRelayService? places = options.ContainsKey("autorelay") ? AutoRelayService.Start(host) : null;
        await using KadDhtService? dht = options.ContainsKey("dht") ? KadDhtService.Start(host, new KadDhtServiceOptions { Mode = KadMode.Server, Scope = KadScope.Any }) : null;
        await using PubsubService? pubsub = options.ContainsKey("pubsub") ? PubsubService.Start(host, new PubsubOptions()) : null;
        if (options.ContainsKey("fetch"))
            host.ServeFetch((_, _) => Task.FromResult<byte[]?>(null));
        await using MappedHost? mapped = options.ContainsKey("map") ? new MappedHost(host) : null;
        try
        {
            if (options.TryGetValue("connect", out string? other))
                await host.ConnectAsync(Multiaddr.Parse(other), end.Token);
            await using RelayReservation? place = options.TryGetValue("relay", out string? relay) ? await RelayReservation.ReserveAsync(host, Multiaddr.Parse(relay), end.Token) : null;
            Say("ready", new { id = host.Id.ToString(), addresses = Texts(host) });
            if (options.TryGetValue("dial", out string? target))
                await DialAsync(host, Multiaddr.Parse(target), end.Token);
            bool hasRelay = false;
            int announced = 0;
            object? known = null;
            for ((long Bytes, int Circuits) told = (-1, 0); ; await Task.Delay(200, end.Token))
            {
                if (places?.Relays.Count > 0 && !hasRelay)
                    Say("place", new { addresses = Texts(host) });
                hasRelay = places?.Relays.Count > 0;
                if (host.Announced.Count != announced && mapped is not null)
                    Say("mapped", new { announced = host.Announced.Select(a => a.With(host.Id).ToString()).ToArray() });
                announced = host.Announced.Count;
                if (mapped?.Votes.Current.V4 is { } own && !own.Equals(known))
                    Say("public", new { address = own.Address.ToString() });
                known = mapped?.Votes.Current.V4;
                (long Bytes, int Circuits) now = service is null ? told : (service.RelayedBytes, service.CircuitCount);
                if (now != told)
                    Say("relayed", new { bytes = now.Bytes, circuits = now.Circuits });
                told = now;
            }
        }
        catch (OperationCanceledException)
        {
            return 124;
        }
        catch (IOException e)
        {
            Say("error", new { message = e.Message });
            return 1;
        }
    }

    /// <summary>Echoes over the connection, and over each direct one that it gets afterwards.</summary>
    private static async Task DialAsync(PeerHost host, Multiaddr target, CancellationToken cancellationToken)
    {
        HostConnection connection = await host.ConnectAsync(target, cancellationToken);
        await EchoAsync(connection, cancellationToken);
        while (connection.Path == ConnectionPath.Relayed)
        {
            await Task.Delay(20, cancellationToken);
            if (host.Connections.FirstOrDefault(c => c.RemotePeer == connection.RemotePeer && c.Path != ConnectionPath.Relayed && c.IsOpen) is { } direct)
                await EchoAsync(connection = direct, cancellationToken);
        }
    }

    private static async Task EchoAsync(HostConnection connection, CancellationToken cancellationToken)
    {
        byte[] data = new byte[connection.IsLimited ? 1000 : 1 << 20], back = new byte[data.Length];
        RandomNumberGenerator.Fill(data);
        await using DuplexStream stream = await connection.OpenStreamAsync(["/lab/echo"], allowLimited: true, cancellationToken);
        Task write = stream.WriteAsync(data, cancellationToken).AsTask();
        await stream.ReadExactlyAsync(back, cancellationToken);
        await write;
        Say("echo", new { equal = data.AsSpan().SequenceEqual(back), path = connection.Path.ToString(), why = connection.Why, address = connection.RemoteAddress.ToString() });
    }

    private static object Describe(HostConnection c) => new { peer = c.RemotePeer.ToString(), path = c.Path.ToString(), why = c.Why, address = c.RemoteAddress.ToString() };

    private static string[] Texts(PeerHost host) => [.. host.Addresses.Select(a => a.With(host.Id).ToString())];

    private static void Say(string name, object values)
    {
        Dictionary<string, object?> all = values.GetType().GetProperties().ToDictionary(p => p.Name, p => p.GetValue(values));
        all["event"] = name;
        lock (Output)
            Console.WriteLine(JsonSerializer.Serialize(all));
    }

    private static Dictionary<string, string> Parse(string[] args)
    {
        var options = new Dictionary<string, string>();
        for (int i = 0; i < args.Length; i++)
            options[args[i][2..]] = i + 1 < args.Length && !args[i + 1].StartsWith("--", StringComparison.Ordinal) ? args[++i] : "";
        return options;
    }
}
