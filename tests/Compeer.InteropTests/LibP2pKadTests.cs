using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Compeer.Formats.Multiformats;
using Compeer.InteropTests.Lab;
using Compeer.Network.Hosting;
using Compeer.Network.KadDht;
using Compeer.Network.SecureChannels;
using Compeer.Protocols.KadDht;

namespace Compeer.InteropTests;

/// <summary>Ten hosts of ours and ten of js-libp2p in one DHT, joined in a ring so that each knows two others at first.</summary>
public sealed class LibP2pKadTests
{
    private const int Each = 10;
    private const string Protocol = "/compeer-lab/kad/1.0.0";

    private readonly CancellationToken _limit = new CancellationTokenSource(TimeSpan.FromSeconds(140)).Token;

    [ForeignFact(Needs.NodePackages)]
    public async Task Values_providers_and_peers_are_found_in_a_mixed_network_both_ways()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost jsHost = await network.AddHostAsync();
        await using LibP2pKadPeers js = await LibP2pKadPeers.StartAsync(jsHost, Each, Protocol);
        await using var ours = new Hosts();
        for (int i = 0; i < Each; i++)
            await ours.AddAsync(LibP2pPeer.BridgeAddress(jsHost));
        await JoinAsync(js, ours);

        // Peers: the far side of the ring, of the other kind.
        KadPeer? found = await ours.Dht[0].FindPeerAsync(js.Addresses[5].PeerId!.Value, _limit);
        Assert.Contains(js.Addresses[5].WithoutPeer(), found!.Addresses);
        JsonElement seen = await js.DoAsync(0, new { @do = "peer", id = ours.All[5].Id.ToString() }, _limit);
        Assert.Contains(ours.All[5].Addresses[0].ToString(), seen.GetProperty("addresses").EnumerateArray().Select(a => a.GetString()!));

        // Values, each made by one side and read by the other.
        byte[] ourKey = "/lab/ours"u8.ToArray(), jsKey = "/lab/js"u8.ToArray();
        Assert.InRange(await ours.Dht[1].PutValueAsync(ourKey, "l1 by us"u8.ToArray(), _limit), 10, 20);
        Assert.Equal("l1 by us", Encoding.UTF8.GetString(Convert.FromHexString((await js.DoAsync(6, new { @do = "get", key = Hex(ourKey) }, _limit)).GetProperty("value").GetString()!)));
        await js.DoAsync(2, new { @do = "put", key = Hex(jsKey), value = Hex("l1 by js"u8) }, _limit);
        Assert.Equal("l1 by js", Encoding.UTF8.GetString((await ours.Dht[7].GetValueAsync(jsKey, 0, _limit))!.Value.Span));

        // A newer value of the other kind wins everywhere.
        await ours.Dht[3].PutValueAsync(jsKey, "l2 by us"u8.ToArray(), _limit);
        Assert.Equal(Hex("l2 by us"u8), (await js.DoAsync(8, new { @do = "get", key = Hex(jsKey) }, _limit)).GetProperty("value").GetString());

        // Signed records.
        JsonElement published = await js.DoAsync(4, new { @do = "ipns", value = "/ipfs/bafkqaaa", sequence = 7 }, _limit);
        PeerId name = PeerId.Parse(published.GetProperty("name").GetString());
        ReadOnlyMemory<byte>? record = await ours.Dht[9].GetValueAsync(IpnsValidator.KeyOf(name), 0, _limit);
        Assert.True(IpnsRecord.TryOpen(record!.Value.Span, name, OpenSslKeys.Instance, out IpnsRecord? opened));
        Assert.Equal(("/ipfs/bafkqaaa", 7UL), (opened.Value, opened.Sequence));
        PrivateIdentity signer = ours.All[2].Options.Identity;
        byte[] sealedRecord = new IpnsRecord("/ipfs/bafkqabtpmnuw", 3, DateTimeOffset.UtcNow + TimeSpan.FromHours(1), TimeSpan.FromMinutes(5)).Seal(signer);
        await ours.Dht[2].PutValueAsync(IpnsValidator.KeyOf(ours.All[2].Id), sealedRecord, _limit);
        JsonElement resolved = await js.DoAsync(7, new { @do = "resolve", name = ours.All[2].Id.ToString() }, _limit);
        Assert.Equal(("/ipfs/bafkqabtpmnuw", 3), (resolved.GetProperty("value").GetString()!, resolved.GetProperty("sequence").GetInt32()));

        // Providers.
        Multihash byUs = Multihash.Sha256("content of ours"u8), byJs = Multihash.Sha256("content of js"u8);
        Assert.InRange(await ours.Dht[4].ProvideAsync(byUs, _limit), 10, 20);
        JsonElement providers = await js.DoAsync(9, new { @do = "providers", content = Hex(byUs.Bytes), count = 1 }, _limit);
        Assert.Equal(ours.All[4].Id.ToString(), providers.GetProperty("found")[0].GetString());
        await js.DoAsync(3, new { @do = "provide", content = Hex(byJs.Bytes) }, _limit);
        await foreach (KadPeer provider in ours.Dht[8].FindProvidersAsync(byJs, 1, _limit))
        {
            Assert.Equal(js.Addresses[3].PeerId, provider.Id);
            Assert.Contains(js.Addresses[3].WithoutPeer(), provider.Addresses);
            return;
        }
        Assert.Fail("nobody told of a provider that js had announced");
    }

    private static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(bytes);

    /// <summary>Each of ours dials one of js, and that one the next of ours; then waits until all know most others.</summary>
    private async Task JoinAsync(LibP2pKadPeers js, Hosts ours)
    {
        for (int i = 0; i < Each; i++)
        {
            await ours.All[i].ConnectAsync(js.Addresses[i], _limit);
            PeerHost next = ours.All[(i + 1) % Each];
            await js.DoAsync(i, new { @do = "dial", address = next.Addresses[0].With(next.Id).ToString() }, _limit);
        }
        foreach (KadDhtService dht in ours.Dht)
        {
            await dht.Ready.WaitAsync(_limit);
            // Its neighbours may know few yet; the regular refresh would ask them again in ten minutes.
            while (dht.Table.Count < Each)
                await dht.FindClosestAsync(RandomNumberGenerator.GetBytes(32), _limit);
        }
        for (int i = 0; i < Each; i++)
        {
            // A search makes it meet others; by itself it looks around every five minutes.
            while ((await js.DoAsync(i, new { @do = "table" }, _limit)).GetProperty("size").GetInt32() < Each / 2)
                await js.DoAsync(i, new { @do = "providers", content = Hex(Multihash.Sha256(RandomNumberGenerator.GetBytes(8)).Bytes), count = 1 }, _limit);
        }
    }

    private sealed class Hosts : IAsyncDisposable
    {
        public List<PeerHost> All { get; } = [];

        public List<KadDhtService> Dht { get; } = [];

        public async Task AddAsync(string address)
        {
            PeerHost host = await PeerHost.StartAsync(new PeerHostOptions { Listen = [Multiaddr.Parse($"/ip4/{address}/tcp/0")] });
            All.Add(host);
            Dht.Add(KadDhtService.Start(host, new KadDhtServiceOptions
            {
                Protocol = Protocol, Mode = KadMode.Server, Scope = KadScope.Any, Rules = RecordRules.Of(OpenSslKeys.Instance).With("lab", new LabRule()),
                Configure = o => o with { RefreshPause = TimeSpan.FromSeconds(1) },
            }));
        }

        public async ValueTask DisposeAsync()
        {
            foreach (KadDhtService dht in Dht)
                await dht.DisposeAsync();
            foreach (PeerHost host in All)
                await host.DisposeAsync();
        }
    }

    /// <summary>Values begin with "l"; the greater one is the better.</summary>
    private sealed class LabRule : IRecordValidator
    {
        public bool IsValid(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, DateTimeOffset now) => value.StartsWith("l"u8);

        public int Compare(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second) => first.SequenceCompareTo(second);
    }
}
