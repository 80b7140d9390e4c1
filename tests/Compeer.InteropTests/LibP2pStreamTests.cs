using System.Security.Cryptography;
using System.Text;
using Compeer.Formats.Multiformats;
using Compeer.InteropTests.Lab;
using Compeer.Network.Hosting;
using Compeer.Protocols.Identify;
using Compeer.Protocols.PrivateNetworks;
using Compeer.Tests.DomainNames;

namespace Compeer.InteropTests;

/// <summary>Our host, embedded here as programs embed it, and js-libp2p in a process and a network of its own; both dial.</summary>
public sealed class LibP2pStreamTests
{
    private readonly CancellationToken _limit = new CancellationTokenSource(TimeSpan.FromSeconds(120)).Token;

    /// <summary>As js names its entry peers: a name that leads to names, each for one peer.</summary>
    [ForeignFact(Needs.NodePackages)]
    public async Task We_dial_js_by_a_name()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        (_, string address) = await LibP2pPeer.ListenAsync(await network.AddHostAsync(), "noise");
        PeerId peer = Multiaddr.Parse(address).PeerId!.Value;
        await using var names = new ScriptedNameServer(new() { ["_dnsaddr.lab"] = [$"dnsaddr=/dnsaddr/js.lab/p2p/{peer}"], ["_dnsaddr.js.lab"] = [$"dnsaddr={address}"] });
        await using PeerHost host = await PeerHost.StartAsync(new PeerHostOptions { NameServers = [names.EndPoint] });
        Assert.Equal(peer, (await host.ConnectAsync(Multiaddr.Parse("/dnsaddr/lab").With(peer), _limit)).RemotePeer);
        await host.PingAsync(peer, _limit);
    }

    [ForeignTheory(Needs.NodePackages)]
    [InlineData("noise", "tcp")]
    [InlineData("tls", "tcp")]
    [InlineData("noise", "ws")]
    [InlineData("tls", "ws")]
    public async Task We_dial_js(string security, string transport)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost jsHost = await network.AddHostAsync();
        (JsonProcess js, string address) = await LibP2pPeer.ListenAsync(jsHost, security, transport);
        await using PeerHost host = await PeerHost.StartAsync(new PeerHostOptions());

        HostConnection connection = await host.ConnectAsync(Multiaddr.Parse(address), _limit);
        Assert.Equal(Multiaddr.Parse(address).PeerId, connection.RemotePeer);
        Assert.Contains(security, connection.Security, StringComparison.Ordinal);
        Assert.True(await host.PingAsync(connection.RemotePeer, _limit) > TimeSpan.Zero);

        IdentifyMessage? told = await connection.Identified.WaitAsync(_limit);
        Assert.StartsWith("js-libp2p/", told!.AgentVersion, StringComparison.Ordinal);
        Assert.Contains("/lab/echo", told.Protocols);
        if (transport == "tcp")
            Assert.Equal(connection.LocalAddress, told.ObservedAddress!.WithoutPeer());

        Assert.Equal("value of /lab/key", Encoding.UTF8.GetString((await host.FetchAsync(connection.RemotePeer, "/lab/key", _limit))!));

        byte[] data = RandomNumberGenerator.GetBytes(1 << 20);
        Assert.Equal(data, await ExchangeAsync(connection, "/lab/echo", data));
        byte[][] digests = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => ExchangeAsync(connection, "/lab/digest", data)));
        Assert.All(digests, d => Assert.Equal(SHA256.HashData(data), d));

        await using (DuplexStream reset = await connection.OpenStreamAsync(["/lab/reset"], _limit))
        {
            await reset.WriteAsync(new byte[1], _limit);
            await Assert.ThrowsAsync<StreamCutException>(async () => await reset.ReadExactlyAsync(new byte[1], _limit));
        }
        await using DuplexStream stalled = await connection.OpenStreamAsync(["/lab/stall"], _limit);
        Task write = stalled.WriteAsync(new byte[64 << 20], _limit).AsTask();
        await js.WaitForAsync("stall", TimeSpan.FromSeconds(30));
        Assert.Equal(data, await ExchangeAsync(connection, "/lab/echo", data));
        Assert.False(write.IsCompleted, "js took 64 MiB that it does not read");
        stalled.Abort();
        await Assert.ThrowsAsync<StreamCutException>(() => write);
        await ShortStreamsAsync(connection, 500);
    }

    [ForeignTheory(Needs.NodePackages)]
    [InlineData("noise", "tcp")]
    [InlineData("tls", "tcp")]
    [InlineData("noise", "ws")]
    [InlineData("tls", "ws")]
    public async Task Js_dials_us(string security, string transport)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost jsHost = await network.AddHostAsync();
        await using PeerHost host = await PeerHost.StartAsync(new PeerHostOptions { Listen = [Multiaddr.Parse($"/ip4/{LibP2pPeer.BridgeAddress(jsHost)}/tcp/0{LibP2pPeer.SuffixOf(transport)}")] });
        Serve(host);

        JsonProcess js = LibP2pPeer.Dial(jsHost, host.Addresses[0].With(host.Id).ToString(), "ping,identify,echo,fetch,digest,reset,stalled", security, count: 100, bytes: 1 << 20);
        Assert.True((await LibP2pPeer.DoneAsync(js, "ping")).Number("milliseconds") >= 0);
        JsonEvent told = await LibP2pPeer.DoneAsync(js, "identify");
        Assert.Equal(host.Options.AgentVersion, told.Text("agent"));
        Assert.Contains(jsHost.Address, told.Text("observed"), StringComparison.Ordinal);
        Assert.True(told.Flag("signed"), "js does not believe our signed record");
        Assert.Contains(told.Values.GetProperty("protocols").EnumerateArray(), p => p.GetString() == "/lab/echo");
        Assert.True((await LibP2pPeer.DoneAsync(js, "echo")).Flag("equal"));
        Assert.Equal("ours of /lab/key", (await LibP2pPeer.DoneAsync(js, "fetch")).Text("value"));
        Assert.Equal(100, (await LibP2pPeer.DoneAsync(js, "digest")).Number("equal"));
        Assert.Equal("StreamResetError", (await LibP2pPeer.DoneAsync(js, "reset")).Text("name"));
        JsonEvent stalled = await LibP2pPeer.DoneAsync(js, "stalled");
        Assert.InRange(stalled.Number("sent"), 1, 8 << 20);
        Assert.True(stalled.Flag("echo"));
    }

    [NightlyForeignFact(Needs.NodePackages)]
    public async Task Ten_thousand_short_streams_each_way()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost jsHost = await network.AddHostAsync(), otherHost = await network.AddHostAsync();
        await using PeerHost host = await PeerHost.StartAsync(new PeerHostOptions { Listen = [Multiaddr.Parse($"/ip4/{LibP2pPeer.BridgeAddress(jsHost)}/tcp/0")] });
        Serve(host);
        JsonProcess js = LibP2pPeer.Dial(jsHost, host.Addresses[0].With(host.Id).ToString(), "short", "noise", count: 10_000, bytes: 100);
        Assert.Equal(10_000, (await LibP2pPeer.DoneAsync(js, "short")).Number("equal"));

        (_, string address) = await LibP2pPeer.ListenAsync(otherHost, "noise");
        await ShortStreamsAsync(await host.ConnectAsync(Multiaddr.Parse(address), _limit), 10_000);
    }

    [ForeignFact(Needs.NodePackages)]
    public async Task Members_of_a_private_network_meet_js_there_and_others_do_not()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost jsHost = await network.AddHostAsync(), otherHost = await network.AddHostAsync();
        byte[] key = RandomNumberGenerator.GetBytes(PreSharedKey.LengthBytes);
        string[] psk = ["--psk", Convert.ToHexStringLower(key)];
        (_, string address) = await LibP2pPeer.ListenAsync(jsHost, "noise", "tcp", psk);
        var options = new PeerHostOptions { Listen = [Multiaddr.Parse($"/ip4/{LibP2pPeer.BridgeAddress(jsHost)}/tcp/0")], HandshakeTimeout = TimeSpan.FromSeconds(3) };
        await using PeerHost member = await PeerHost.StartAsync(options with { PrivateNetwork = PreSharedKey.FromBytes(key) });
        await using PeerHost stranger = await PeerHost.StartAsync(options with { Identity = Network.SecureChannels.PrivateIdentity.Generate() });
        Serve(member);

        byte[] data = RandomNumberGenerator.GetBytes(1 << 20);
        Assert.Equal(data, await ExchangeAsync(await member.ConnectAsync(Multiaddr.Parse(address), _limit), "/lab/echo", data));
        await Assert.ThrowsAsync<PeerUnreachableException>(() => stranger.ConnectAsync(Multiaddr.Parse(address), _limit));
        JsonProcess js = LibP2pPeer.Dial(otherHost, member.Addresses[0].With(member.Id).ToString(), "echo", "noise", 1, 1 << 20, psk);
        Assert.True((await LibP2pPeer.DoneAsync(js, "echo")).Flag("equal"));
        JsonProcess outside = LibP2pPeer.Dial(otherHost, member.Addresses[0].With(member.Id).ToString(), "echo", "noise");
        Assert.Equal("error", (await outside.WaitForAsync(e => e.Text("what") == "dial", "a refusal", TimeSpan.FromSeconds(60))).Name);
    }

    private static void Serve(PeerHost host)
    {
        host.Handle("/lab/echo", (stream, token) => stream.CopyToAsync(stream, token));
        host.Handle("/lab/digest", async (stream, token) => await stream.WriteAsync(await SHA256.HashDataAsync(stream, token), token));
        host.ServeFetch((key, _) => Task.FromResult<byte[]?>(Encoding.UTF8.GetBytes("ours of " + key)));
        host.Handle("/lab/stall", (_, token) => Task.Delay(Timeout.Infinite, token));
        host.Handle("/lab/reset", async (stream, token) =>
        {
            await stream.ReadExactlyAsync(new byte[1], token);
            stream.Abort();
        });
    }

    /// <summary>Sends everything, ends our direction, and reads to the end of the other.</summary>
    private async Task<byte[]> ExchangeAsync(HostConnection connection, string protocol, byte[] data)
    {
        await using DuplexStream stream = await connection.OpenStreamAsync([protocol], _limit);
        var answer = new MemoryStream();
        Task reading = stream.CopyToAsync(answer, _limit);
        await stream.WriteAsync(data, _limit);
        stream.CompleteWrites();
        await reading;
        return answer.ToArray();
    }

    private async Task ShortStreamsAsync(HostConnection connection, int count)
    {
        byte[] data = RandomNumberGenerator.GetBytes(100);
        await Parallel.ForEachAsync(Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = 50 }, async (_, _) =>
            Assert.Equal(data, await ExchangeAsync(connection, "/lab/echo", data)));
    }
}
