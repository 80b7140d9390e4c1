using Compeer.Formats.Multiformats;
using Compeer.Network.AutoNat;
using Compeer.Network.Hosting;
using Compeer.Network.KadDht;
using Compeer.Network.SecureChannels;
using Compeer.Protocols.KadDht;

namespace Compeer.Tests.KadDht;

/// <summary>Over real streams on loopback.</summary>
public sealed class KadDhtServiceTests
{
    private static readonly KadDhtServiceOptions Server = new() { Mode = KadMode.Server, Scope = KadScope.Any };

    private readonly CancellationToken _limit = new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token;

    [Fact]
    public async Task A_client_finds_what_servers_keep_and_is_in_nobodys_table()
    {
        await using PeerHost first = await StartAsync(), second = await StartAsync(), client = await StartAsync();
        await using KadDhtService firstDht = KadDhtService.Start(first, Server), secondDht = KadDhtService.Start(second, Server);
        await using KadDhtService clientDht = KadDhtService.Start(client, Server with { Mode = KadMode.Client });
        await second.ConnectAsync(first.Addresses[0].With(first.Id), _limit);
        await client.ConnectAsync(first.Addresses[0].With(first.Id), _limit);

        PrivateIdentity signer = second.Options.Identity;
        byte[] record = new IpnsRecord("/ipfs/bafkqaaa", 1, DateTimeOffset.UtcNow + TimeSpan.FromHours(1), TimeSpan.Zero).Seal(signer);
        Assert.Equal(1, await secondDht.PutValueAsync(IpnsValidator.KeyOf(second.Id), record, _limit));
        Multihash content = Multihash.Sha256("content"u8);
        Assert.Equal(1, await secondDht.ProvideAsync(content, _limit));

        Assert.Equal(record, (await clientDht.GetValueAsync(IpnsValidator.KeyOf(second.Id), cancellationToken: _limit))!.Value.ToArray());
        Assert.Null(await clientDht.GetValueAsync(IpnsValidator.KeyOf(first.Id), cancellationToken: _limit));
        await foreach (KadPeer provider in clientDht.FindProvidersAsync(content, cancellationToken: _limit))
            Assert.Equal((second.Id, second.Addresses[0]), (provider.Id, provider.Addresses[0]));
        Assert.False(clientDht.IsServer);
        Assert.DoesNotContain(client.Id, firstDht.Table.Concat(secondDht.Table));
        Assert.DoesNotContain(KadDhtServiceOptions.PublicProtocol, client.Protocols);
        await Assert.ThrowsAsync<ArgumentException>(() => clientDht.PutValueAsync("/ipns/x"u8.ToArray(), new byte[1], _limit));
    }

    [Fact]
    public async Task A_host_serves_once_others_have_found_that_it_can_be_dialled()
    {
        await using PeerHost server = await StartAsync(), host = await StartAsync();
        await using AutoNatServer dialling = await AutoNatServer.StartAsync(server, new AutoNatServerOptions { AllowPrivate = true });
        await using KadDhtService dht = KadDhtService.Start(host, Server with { Mode = KadMode.Automatic }), other = KadDhtService.Start(server, Server);
        await host.ConnectAsync(server.Addresses[0].With(server.Id), _limit);
        Assert.False(dht.IsServer);
        await using AutoNatService asking = AutoNatService.Start(host, new AutoNatOptions { Quorum = 1, AllowPrivate = true });
        while (!other.Table.Contains(host.Id))
            await Task.Delay(20, _limit);
        Assert.True(dht.IsServer);
    }

    [Fact]
    public async Task Hosts_with_another_name_of_the_dht_never_meet()
    {
        await using PeerHost first = await StartAsync(), second = await StartAsync();
        await using KadDhtService one = KadDhtService.Start(first, Server), other = KadDhtService.Start(second, Server with { Protocol = "/mine/kad/1.0.0" });
        HostConnection connection = await second.ConnectAsync(first.Addresses[0].With(first.Id), _limit);
        await connection.Identified.WaitAsync(_limit);
        await Assert.ThrowsAsync<ProtocolRefusedException>(() => first.OpenStreamAsync(second.Id, KadDhtServiceOptions.PublicProtocol, _limit));
        Assert.Empty(one.Table.Concat(other.Table));
    }

    [Fact]
    public async Task A_stream_takes_many_questions_and_ends_at_a_wrong_one()
    {
        await using PeerHost server = await StartAsync(), asking = await StartAsync();
        await using KadDhtService dht = KadDhtService.Start(server, Server);
        HostConnection connection = await asking.ConnectAsync(server.Addresses[0].With(server.Id), _limit);
        await using DuplexStream stream = await OpenAsync(connection);
        for (int i = 0; i < 50; i++)
        {
            await stream.WriteMessageAsync(new KadMessage(i % 2 == 0 ? KadMessageType.Ping : KadMessageType.FindNode) { Key = new byte[] { 1 } }.Encode(), _limit);
            Assert.True(KadMessage.TryDecode((await stream.ReadMessageAsync(KadMessage.MaxWriteBytes, _limit))!, out KadMessage? answer));
            Assert.Equal(i % 2 == 0 ? KadMessageType.Ping : KadMessageType.FindNode, answer.Type);
        }
        await stream.WriteMessageAsync(new KadMessage(KadMessageType.PutValue) { Key = "/pk/x"u8.ToArray(), Record = new KadRecord("/pk/x"u8.ToArray(), new byte[3]) }.Encode(), _limit);
        await Assert.ThrowsAsync<StreamCutException>(async () => await stream.ReadMessageAsync(KadMessage.MaxWriteBytes, _limit));
        Assert.Equal((0, 0), dht.Kept);
    }

    [Fact]
    public async Task Lies_about_lengths_and_too_many_streams_are_cut()
    {
        await using PeerHost server = await StartAsync(), hostile = await StartAsync();
        await using KadDhtService dht = KadDhtService.Start(server, Server with { MaxStreamsOfPeer = 4 });
        HostConnection connection = await hostile.ConnectAsync(server.Addresses[0].With(server.Id), _limit);
        foreach (byte[] lie in (byte[][])[[0xff, 0xff, 0xff, 0xff, 0x0f], [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01], [0x81, 0x00], [0x81, 0x80, 0x01]])
        {
            await using DuplexStream stream = await OpenAsync(connection);
            await stream.WriteAsync(lie, _limit);
            await Assert.ThrowsAsync<StreamCutException>(async () => await stream.ReadExactlyAsync(new byte[1], _limit));
        }
        List<DuplexStream> open = [];
        int served = 0;
        for (int i = 0; i < 8; i++)
        {
            try
            {
                DuplexStream stream = await OpenAsync(connection);
                open.Add(stream);
                await stream.WriteMessageAsync(new KadMessage(KadMessageType.Ping).Encode(), _limit);
                served += await stream.ReadMessageAsync(100, _limit) is null ? 0 : 1;
            }
            catch (StreamCutException)
            {
                // One of those that are too many.
            }
        }
        Assert.Equal(4, served);
        foreach (DuplexStream stream in open)
            await stream.DisposeAsync();
    }

    [Fact]
    public async Task An_answer_that_is_too_long_counts_as_none()
    {
        await using PeerHost liar = await StartAsync(), asking = await StartAsync();
        liar.Handle(KadDhtServiceOptions.PublicProtocol, async (stream, token) =>
        {
            await stream.ReadMessageAsync(KadMessage.MaxWriteBytes, token);
            await stream.WriteMessageAsync(new byte[1 << 20], token);
        });
        var dht = KadDhtService.Start(asking, Server with { Mode = KadMode.Client });
        await using (dht)
        {
            HostConnection connection = await asking.ConnectAsync(liar.Addresses[0].With(liar.Id), _limit);
            await connection.Identified.WaitAsync(_limit);
            while (connection.StreamCount > 0)
                await Task.Delay(10, _limit);
            Assert.Empty(dht.Table);
        }
    }

    private static Task<PeerHost> StartAsync() => PeerHost.StartAsync(new PeerHostOptions { Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")] });

    private Task<DuplexStream> OpenAsync(HostConnection connection) => connection.OpenStreamAsync([KadDhtServiceOptions.PublicProtocol], _limit);
}
