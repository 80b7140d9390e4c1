using System.Text.Json;
using Compeer.Formats.Multiformats;
using Compeer.InteropTests.Lab;
using Compeer.Network.Hosting;
using Compeer.Network.KadDht;
using Compeer.Network.SecureChannels;
using Compeer.Protocols.KadDht;

namespace Compeer.InteropTests;

/// <summary>A server of the DHT that is killed, and what js-libp2p and a host of ours find at it afterwards.</summary>
public sealed class LibP2pKadRestartTests
{
    private const int Port = 4001;

    private readonly CancellationToken _limit = new CancellationTokenSource(TimeSpan.FromSeconds(140)).Token;

    [ForeignFact(Needs.NodePackages)]
    public async Task What_js_gave_a_server_is_found_there_by_others_after_kill_9()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost serverHost = await network.AddHostAsync(), jsHost = await network.AddHostAsync(), laterHost = await network.AddHostAsync();
        string folder = LabFiles.NewDirectory("kad-restart");
        string key = Path.Combine(folder, "key"), kept = Path.Combine(folder, "dht.kept");
        PrivateIdentity identity = PrivateIdentity.Generate();
        await File.WriteAllBytesAsync(key, identity.Export(), _limit);
        Multiaddr server = Multiaddr.Parse($"/ip4/{serverHost.Address}/tcp/{Port}").With(PeerId.FromPublicKey(identity.PublicKey));
        Multihash content = Multihash.Sha256("content of js"u8);
        await using PeerHost asking = await PeerHost.StartAsync(new PeerHostOptions());

        DaemonProcess first = await DaemonProcess.StartAsync(serverHost, key, kept);
        string name;
        PeerId provider;
        await using (LibP2pKadPeers js = await LibP2pKadPeers.StartAsync(jsHost, 1, KadDhtServiceOptions.PublicProtocol))
        {
            await JoinAsync(js, server);
            name = (await js.DoAsync(0, new { @do = "ipns", value = "/ipfs/bafkqaaa", sequence = 7 }, _limit)).GetProperty("name").GetString()!;
            await js.DoAsync(0, new { @do = "provide", content = Convert.ToHexStringLower(content.Bytes) }, _limit);
            provider = js.Addresses[0].PeerId!.Value;
        }
        // Providers are told without an answer, so the server may not have them yet.
        while ((await AskAsync(asking, server, new KadMessage(KadMessageType.GetProviders) { Key = content.Bytes.ToArray() })).ProviderPeers.All(p => p.Id != provider))
            await Task.Delay(50, _limit);

        await first.KillAsync();
        await network.Processes.Single(p => p.Host == jsHost).KillAsync();
        await using DaemonProcess second = await DaemonProcess.StartAsync(serverHost, key, kept);

        // Nobody but the server has ever heard of it: js is another one.
        await using LibP2pKadPeers later = await LibP2pKadPeers.StartAsync(laterHost, 1, KadDhtServiceOptions.PublicProtocol);
        await JoinAsync(later, server);
        JsonElement resolved = await later.DoAsync(0, new { @do = "resolve", name }, _limit);
        Assert.Equal(("/ipfs/bafkqaaa", 7), (resolved.GetProperty("value").GetString()!, resolved.GetProperty("sequence").GetInt32()));
        JsonElement providers = await later.DoAsync(0, new { @do = "providers", content = Convert.ToHexStringLower(content.Bytes), count = 1 }, _limit);
        Assert.Equal(provider.ToString(), providers.GetProperty("found")[0].GetString());

        // A host of ours finds both, too.
        await using KadDhtService dht = KadDhtService.Start(asking, new KadDhtServiceOptions { Mode = KadMode.Client, Scope = KadScope.Any });
        await asking.ConnectAsync(server, _limit);
        PeerId named = PeerId.Parse(name);
        ReadOnlyMemory<byte>? record = await dht.GetValueAsync(IpnsValidator.KeyOf(named), 1, _limit);
        Assert.True(IpnsRecord.TryOpen(record!.Value.Span, named, OpenSslKeys.Instance, out IpnsRecord? opened));
        Assert.Equal("/ipfs/bafkqaaa", opened.Value);
        var found = new List<PeerId>();
        await foreach (KadPeer one in dht.FindProvidersAsync(content, 1, _limit))
            found.Add(one.Id);
        Assert.Equal([provider], found);

        // The life that a holder says a value has left is nothing that js minds.
        byte[] ours = IpnsValidator.KeyOf(PeerId.FromPublicKey(identity.PublicKey));
        byte[] sealedRecord = new IpnsRecord("/ipfs/bafkqabtpmnuw", 3, DateTimeOffset.UtcNow + TimeSpan.FromHours(1), TimeSpan.Zero).Seal(identity);
        var given = new KadMessage(KadMessageType.PutValue) { Key = ours, Record = new KadRecord(ours, sealedRecord) { TimeToLive = TimeSpan.FromMinutes(30) } };
        Assert.Equal(sealedRecord, (await AskAsync(asking, later.Addresses[0], given)).Record!.Value.ToArray());
        Assert.Equal(sealedRecord, (await AskAsync(asking, later.Addresses[0], new KadMessage(KadMessageType.GetValue) { Key = ours })).Record!.Value.ToArray());
        LabFiles.Remove(folder);
    }

    /// <summary>js dials the server, and searches until it has it in its table.</summary>
    private async Task JoinAsync(LibP2pKadPeers js, Multiaddr server)
    {
        await js.DoAsync(0, new { @do = "dial", address = server.ToString() }, _limit);
        while ((await js.DoAsync(0, new { @do = "table" }, _limit)).GetProperty("size").GetInt32() == 0)
            await Task.Delay(50, _limit);
    }

    private async Task<KadMessage> AskAsync(PeerHost asking, Multiaddr server, KadMessage question)
    {
        HostConnection connection = await asking.ConnectAsync(server, _limit);
        await using DuplexStream stream = await connection.OpenStreamAsync([KadDhtServiceOptions.PublicProtocol], _limit);
        await stream.WriteMessageAsync(question.Encode(), _limit);
        Assert.True(KadMessage.TryDecode((await stream.ReadMessageAsync(KadMessage.MaxWriteBytes, _limit))!, out KadMessage? answer));
        return answer;
    }

    /// <summary>lab/p2pd with a DHT that keeps what it has.</summary>
    private sealed class DaemonProcess(LabHost host, string key, string kept) : LabProcess(
        host, Path.Combine(LabFiles.Repository, "lab", "p2pd"),
        [$"-listen=/ip4/{host.Address}/tcp/{Port + 1}", $"-hostAddrs=/ip4/{host.Address}/tcp/{Port}", $"-id={key}", "-dhtServer", $"-dhtKept={kept}"])
    {
        private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public static async Task<DaemonProcess> StartAsync(LabHost host, string key, string kept)
        {
            var process = new DaemonProcess(host, key, kept);
            await process._ready.Task.WaitAsync(TimeSpan.FromSeconds(60));
            return process;
        }

        protected override void OnOutput(string line)
        {
            if (line.StartsWith("Control socket", StringComparison.Ordinal))
                _ready.TrySetResult();
        }
    }
}
