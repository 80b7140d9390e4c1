using System.Buffers;
using System.Net.Sockets;
using Compeer.Formats.Multiformats;
using Compeer.Formats.Protobuf;
using Compeer.InteropTests.Lab;
using Compeer.Network.Hosting;
using Compeer.Network.KadDht;
using Compeer.Network.SecureChannels;
using Compeer.Protocols.CircuitRelay;
using Compeer.Protocols.Identify;
using Compeer.Protocols.KadDht;
using Compeer.Protocols.MultistreamSelect;
using Compeer.Protocols.Yamux;
using Compeer.Tests.Hosting;
using Xunit.Abstractions;

namespace Compeer.InteropTests;

/// <summary>What hostile peers cost a process that serves everything: its physical memory, all of it, as the kernel counts it.</summary>
public sealed class HostileMemoryTests(ITestOutputHelper output)
{
    private const int Peers = 16;
    private const int Million = 1_000_000;
    private const double MaxMebibytes = 8;

    private static readonly Dictionary<string, Func<Attacker, Task>> Attacks = new()
    {
        ["connected, and nothing more"] = _ => Task.CompletedTask,
        ["100,000 SYN"] = a => a.FramesAsync(Enumerable.Range(0, 100_000).Select(i => Opening((uint)(2 * i) + 1))),
        ["10^6 window updates"] = a => a.FramesAsync(Enumerable.Repeat(new YamuxFrame(YamuxFrameType.WindowUpdate, YamuxFlags.None, 1, 1), Million).Prepend(Opening(1))),
        ["10^6 pings, answers not read"] = a => a.FramesAsync(Enumerable.Range(0, Million).Select(i => new YamuxFrame(YamuxFrameType.Ping, YamuxFlags.Syn, 0, (uint)i))),
        ["100,000 GOAWAY"] = a => a.FramesAsync(Enumerable.Repeat(new YamuxFrame(YamuxFrameType.GoAway, YamuxFlags.None, 0, 0), 100_000)),
        ["100 streams filled that nobody reads"] = a => a.FillAsync("/lab/stall", 100),
        ["100 echoes whose answers are not read"] = a => a.FillAsync("/lab/echo", 100),
        ["identify of 1 MB"] = a => a.IdentifyAsync(1 << 20),
        ["10^6 topics in one GRAFT"] = a => a.StreamsAsync("/meshsub/1.2.0", 1, UnsignedVarint.Framed(Grafts(Million))),
        ["half an RPC of 2 MiB"] = a => a.StreamsAsync("/meshsub/1.2.0", 1, UnsignedVarint.Framed(new byte[2 << 20])[..(1 << 20)]),
        ["1,000 bogus values"] = a => a.StreamsAsync(KadDhtServiceOptions.PublicProtocol, 1000, Kad(new KadMessage(KadMessageType.PutValue) { Key = "/pk/x"u8.ToArray(), Record = new KadRecord("/pk/x"u8.ToArray(), new byte[10_000]) })),
        ["10,000 providers"] = a => a.StreamsAsync(KadDhtServiceOptions.PublicProtocol, 10, [.. Enumerable.Range(0, 10_000).SelectMany(i => Kad(new KadMessage(KadMessageType.AddProvider) { Key = Multihash(i), ProviderPeers = [new KadPeer(a.Id, [Multiaddr.Parse("/ip4/192.0.2.1/tcp/1")])] }))]),
        ["1,000 requests for a place"] = a => a.StreamsAsync(CircuitMessage.HopProtocol, 1000, UnsignedVarint.Framed(new CircuitMessage(CircuitMessageType.Reserve).EncodeHop())),
        ["1,000 messages promised and never sent"] = a => a.StreamsAsync(KadDhtServiceOptions.PublicProtocol, 1000, [0x80, 0x80, 0x01]),
    };

    [NightlyForeignFact(Needs.Network)]
    public async Task A_hostile_peer_costs_a_process_little_and_others_are_served()
    {
        var dear = new List<string>();
        foreach ((string name, Func<Attacker, Task> attack) in Attacks)
        {
            await using LabNetwork network = await LabNetwork.CreateAsync();
            LabHost target = await network.AddHostAsync();
            (JsonProcess process, string[] addresses) = await HostProcess.ListenAsync(target, "--serve", "--dht", "--pubsub", "--fetch");
            Multiaddr address = Multiaddr.Parse(addresses.First(a => a.Contains(target.Address, StringComparison.Ordinal)));
            string from = LibP2pPeer.BridgeAddress(target);
            await using PeerHost honest = await PeerHost.StartAsync(new PeerHostOptions());
            // Code that runs for the first time takes memory, too.
            await RunAsync(attack, address, from, 1);
            await honest.ConnectAsync(address);
            long before = process.PeakMemoryBytes;
            Task crowd = RunAsync(attack, address, from, Peers);
            int served = 0;
            for (int i = 0; i < 20; i++)
                served += await Record.ExceptionAsync(() => honest.PingAsync(address.PeerId!.Value)) is null ? 1 : 0;
            await crowd;
            double each = (process.PeakMemoryBytes - before) / (double)Peers / (1 << 20);
            output.WriteLine($"| {name} | {each:0.00} MiB | {served} of 20 |");
            if (each > MaxMebibytes || served < 19)
                dear.Add($"{name}: {each:0.00} MiB a peer, {served} of 20 pings");
        }
        Assert.Empty(dear);
    }

    private static async Task RunAsync(Func<Attacker, Task> attack, Multiaddr address, string from, int peers)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        Attacker[] crowd = [.. Enumerable.Range(0, peers).Select(_ => new Attacker(address, from, limit.Token))];
        await Task.WhenAll(crowd.Select(async a =>
        {
            try
            {
                await a.ConnectAsync();
                await attack(a);
            }
            catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
            {
                // It was hung up on.
            }
        }));
        foreach (Attacker attacker in crowd)
            await attacker.DisposeAsync();
    }

    private static YamuxFrame Opening(uint id) => new(YamuxFrameType.WindowUpdate, YamuxFlags.Syn, id, 0);

    private static byte[] Kad(KadMessage message) => UnsignedVarint.Framed(message.Encode());

    private static byte[] Multihash(int number) => [0x12, 0x20, .. BitConverter.GetBytes(number), .. new byte[28]];

    private static byte[] Grafts(int count)
    {
        var written = new ArrayBufferWriter<byte>();
        new ProtobufWriter(written).WriteMessage(3, count, static (control, count) =>
        {
            for (int i = 0; i < count; i++)
                control.WriteMessage(3, "", static (graft, topic) => graft.WriteString(1, topic));
        });
        return written.WrittenSpan.ToArray();
    }

    /// <summary>One peer: with a session of its own making, or with a host that opens streams.</summary>
    private sealed class Attacker(Multiaddr address, string from, CancellationToken cancellationToken) : IAsyncDisposable
    {
        private readonly PrivateIdentity _identity = PrivateIdentity.Generate();
        private readonly List<IDisposable> _held = [];
        private PeerHost? _host;

        public PeerId Id => PeerId.FromPublicKey(_identity.PublicKey);

        public async Task ConnectAsync()
        {
            _host = await PeerHost.StartAsync(new PeerHostOptions { Identity = _identity });
            await _host.ConnectAsync(address, cancellationToken);
        }

        public async Task FramesAsync(IEnumerable<YamuxFrame> frames) => await (await RawAsync()).SendAsync(frames, [], cancellationToken);

        /// <summary>Streams with full windows, whose answers nobody takes.</summary>
        public async Task FillAsync(string protocol, int streams)
        {
            RawPeer raw = await RawAsync();
            byte[] wish = new NegotiationDialer([protocol]).TakeOutput(), rest = new byte[YamuxOptions.InitialWindowBytes - wish.Length];
            for (uint id = 1; id < 2 * streams; id += 2)
            {
                await raw.SendAsync([new YamuxFrame(YamuxFrameType.Data, YamuxFlags.Syn, id, (uint)wish.Length)], wish, cancellationToken);
                await raw.SendAsync([new YamuxFrame(YamuxFrameType.Data, YamuxFlags.None, id, (uint)rest.Length)], rest, cancellationToken);
            }
        }

        /// <summary>So many streams of a protocol, each with these bytes, which stay open.</summary>
        public async Task StreamsAsync(string protocol, int count, byte[] bytes)
        {
            for (int i = 0; i < count; i++)
            {
                try
                {
                    DuplexStream stream = await _host!.OpenStreamAsync(address.PeerId!.Value, protocol, cancellationToken);
                    _held.Add(stream);
                    await stream.WriteAsync(bytes, cancellationToken);
                }
                catch (StreamCutException)
                {
                    // One of those that are too many.
                }
            }
        }

        public async Task IdentifyAsync(int length)
        {
            _host!.Unhandle(IdentifyMessage.Protocol);
            _host.Handle(IdentifyMessage.Protocol, async (stream, token) => await stream.WriteMessageAsync(new byte[length], token));
            foreach (HostConnection connection in _host.Connections)
                await connection.CloseAsync();
            await _host.ConnectAsync(address, cancellationToken);
            await StreamsAsync(IdentifyMessage.PushProtocol, 10, UnsignedVarint.Framed(new byte[length]));
        }

        public async ValueTask DisposeAsync()
        {
            _held.ForEach(h => h.Dispose());
            if (_host is not null)
                await _host.DisposeAsync();
        }

        private async Task<RawPeer> RawAsync()
        {
            RawPeer raw = await RawPeer.StartAsync(address, _identity, from, cancellationToken);
            _held.Add(raw);
            return raw;
        }
    }
}
