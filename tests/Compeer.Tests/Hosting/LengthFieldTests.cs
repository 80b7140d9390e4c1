using Compeer.Formats.Multiformats;
using Compeer.Network.AutoNat;
using Compeer.Network.CircuitRelay;
using Compeer.Network.Dcutr;
using Compeer.Network.Gossipsub;
using Compeer.Network.Hosting;
using Compeer.Network.KadDht;
using Compeer.Network.Rendezvous;
using Compeer.Network.SecureChannels;
using Compeer.Protocols.AutoNat;
using Compeer.Protocols.CircuitRelay;
using Compeer.Protocols.Dcutr;
using Compeer.Protocols.Identify;

namespace Compeer.Tests.Hosting;

/// <summary>Every protocol whose messages have their length before them, at no bytes, one, the most it takes, one more, and lengths that are none.</summary>
public sealed class LengthFieldTests
{
    private readonly CancellationToken _limit = HostPair.Deadline();

    [Theory]
    [InlineData(IdentifyMessage.PushProtocol, IdentifyMessage.MaxReadBytes)]
    [InlineData(KadDhtServiceOptions.PublicProtocol, 16 * 1024)]
    [InlineData(CircuitMessage.HopProtocol, CircuitMessage.MaxBytes)]
    [InlineData(CircuitMessage.StopProtocol, CircuitMessage.MaxBytes)]
    [InlineData(DcutrMessage.Protocol, DcutrMessage.MaxBytes)]
    [InlineData(AutoNatV1Message.Protocol, AutoNatV1Message.MaxBytes)]
    [InlineData(AutoNatV2Message.RequestProtocol, AutoNatV2Message.MaxBytes)]
    [InlineData(RendezvousService.Protocol, 8 * 1024)]
    [InlineData("/meshsub/1.2.0", 2 << 20)]
    [InlineData("/floodsub/1.0.0", 2 << 20)]
    [InlineData(FetchService.Protocol, 4096)]
    public async Task A_length_is_borne_whatever_it_says(string protocol, int max)
    {
        await using HostPair pair = await HostPair.StartAsync();
        PeerHost host = pair.Listener;
        host.ServeFetch((_, _) => Task.FromResult<byte[]?>(null));
        await using CircuitRelayService relay = CircuitRelayService.Start(host, new CircuitRelayOptions { Serves = _ => true });
        await using DcutrService dcutr = DcutrService.Start(host);
        await using AutoNatServer autoNat = await AutoNatServer.StartAsync(host);
        await using RendezvousService rendezvous = RendezvousService.Start(host);
        await using KadDhtService dht = KadDhtService.Start(host, new KadDhtServiceOptions { Mode = KadMode.Server, Scope = KadScope.Any });
        await using PubsubService pubsub = PubsubService.Start(host, new PubsubOptions());
        await using PeerHost hostile = await PeerHost.StartAsync(new PeerHostOptions { Identity = PrivateIdentity.Generate() });
        HostConnection connection = await hostile.ConnectAsync(pair.Address, _limit);
        await connection.Identified.WaitAsync(_limit);

        foreach (int length in (int[])[0, 1, max])
            await SendAsync(connection, protocol, UnsignedVarint.Framed(new byte[length]), isEnded: true);
        // Nothing follows and nothing is ended: the host does not wait for so much.
        foreach (byte[] prefix in (byte[][])[Varint((ulong)max + 1), Varint(int.MaxValue), Varint(uint.MaxValue), Varint(long.MaxValue), [0x80, 0x00], [.. Enumerable.Repeat((byte)0xff, 10)]])
            await SendAsync(connection, protocol, prefix, isEnded: false);
        await pair.Dialer.PingAsync(host.Id, _limit);
        await hostile.PingAsync(host.Id, _limit);
    }

    /// <summary>Opens a stream, sends that, and reads what is answered until the host has had enough.</summary>
    private async Task SendAsync(HostConnection connection, string protocol, byte[] bytes, bool isEnded)
    {
        try
        {
            await using DuplexStream stream = await connection.OpenStreamAsync([protocol], _limit);
            await stream.WriteAsync(bytes, _limit);
            if (isEnded)
                stream.CompleteWrites();
            byte[] answer = new byte[4096];
            while (await stream.ReadAsync(answer, _limit) > 0)
            {
            }
        }
        catch (IOException)
        {
            // It was reset.
        }
    }

    private static byte[] Varint(ulong value)
    {
        byte[] bytes = new byte[UnsignedVarint.MaxLength];
        return bytes[..UnsignedVarint.Write(bytes, value)];
    }
}
