using System.Net;
using System.Net.Sockets;
using Compeer.Formats.Multiformats;
using Compeer.Network.Hosting;
using Compeer.Network.SecureChannels;

namespace Compeer.Tests.Hosting;

/// <summary>What a dial costs in round trips, counted by somebody between the two hosts who brings only so many answers.</summary>
public sealed class DialFlightsTests
{
    private readonly CancellationToken _limit = HostPair.Deadline();

    /// <summary>TCP takes the first round trip, the agreement on what secures the second, the handshake, which agrees on the multiplexer too, the third.</summary>
    [Theory]
    [InlineData(SecurityProtocols.Noise)]
    [InlineData(SecurityProtocols.Tls)]
    public async Task A_dial_over_TCP_takes_three_round_trips(string security)
    {
        await using PeerHost listener = await PeerHost.StartAsync(new PeerHostOptions { Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")], Security = [security] });
        await using PeerHost dialer = await PeerHost.StartAsync(new PeerHostOptions { Identity = PrivateIdentity.Generate(), Security = [security] });
        Assert.True(listener.Addresses[0].TryGetTcp(out IPEndPoint? behind));
        using var between = new TcpListener(IPAddress.Loopback, 0);
        between.Start();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(_limit);
        Task<int> passing = PassAsync(between, behind, answers: 2, ending.Token);

        HostConnection connection = await dialer.ConnectAsync(Multiaddr.FromTcp((IPEndPoint)between.LocalEndpoint).With(listener.Id), _limit);
        Assert.Equal(security, connection.Security);
        await ending.CancelAsync();
        Assert.True(await passing >= 2);
    }

    /// <summary>Passes bytes on. An answer is what the listener sends between two flights of the dialer; of more than so many nothing is passed on. How many flights the dialer made.</summary>
    private static async Task<int> PassAsync(TcpListener between, IPEndPoint behind, int answers, CancellationToken cancellationToken)
    {
        using Socket near = await between.AcceptSocketAsync(cancellationToken), far = await RawPeer.ConnectAsync(behind, "127.0.0.1", cancellationToken);
        int flights = 0;
        bool isAnswered = true;
        byte[] fromDialer = new byte[65_536], fromListener = new byte[65_536];
        Task<int> dialer = near.ReceiveAsync(fromDialer, cancellationToken).AsTask(), listener = far.ReceiveAsync(fromListener, cancellationToken).AsTask();
        try
        {
            while (true)
            {
                // The listener greets before it is asked anything: that waits for the first flight.
                if (await (flights == 0 ? Task.WhenAny(dialer) : Task.WhenAny(dialer, listener)) == dialer)
                {
                    flights += isAnswered ? 1 : 0;
                    isAnswered = false;
                    await far.SendAsync(fromDialer.AsMemory(0, await dialer), cancellationToken);
                    dialer = near.ReceiveAsync(fromDialer, cancellationToken).AsTask();
                    continue;
                }
                isAnswered = true;
                if (flights > answers)
                    await Task.Delay(Timeout.Infinite, cancellationToken);
                await near.SendAsync(fromListener.AsMemory(0, await listener), cancellationToken);
                listener = far.ReceiveAsync(fromListener, cancellationToken).AsTask();
            }
        }
        catch (OperationCanceledException)
        {
            return flights;
        }
    }
}
