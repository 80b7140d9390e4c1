using System.Net;
using System.Net.Sockets;
using Compeer.Formats.Hashing;
using Compeer.Formats.Torrents;
using Compeer.Network.Transports;
using Compeer.Protocols.MessageStreamEncryption;
using Compeer.Protocols.PeerWire;

namespace Compeer.Tests.Transports;

/// <summary>Many dials to one address: few are undecided at once, and all come to their end.</summary>
public sealed class DialTurnsTests
{
    private const int Dials = 40;
    private const int AtOnce = 3;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly Handshake Hello = new(ReservedBits.Fast, Sha1Hash.Of("a torrent"u8), new PeerId(Enumerable.Repeat((byte)'a', 20).ToArray()));

    private int _undecided;
    private int _most;

    [Fact]
    public async Task Dials_to_one_address_take_turns()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start(Dials);
        using var dialer = new PeerDialer(new HandshakeOptions { MaxHalfOpenPerAddress = AtOnce }, IPAddress.Loopback, transports: PeerTransports.Tcp, encryption: EncryptionPolicy.Forbid);
        using var deadline = new CancellationTokenSource(Patience);
        Task<DialResult>[] dials = [.. Enumerable.Range(0, Dials).Select(_ => dialer.DialAsync((IPEndPoint)listener.LocalEndpoint, Hello, deadline.Token))];
        var answers = new List<Task>();
        for (int i = 0; i < Dials; i++)
            answers.Add(AnswerAsync(await listener.AcceptSocketAsync(deadline.Token), deadline.Token));
        await Task.WhenAll(answers);
        foreach (DialResult result in await Task.WhenAll(dials))
        {
            Assert.NotNull(result.Stream);
            result.Stream.Dispose();
        }
        Assert.InRange(_most, 1, AtOnce);
    }

    [Fact]
    public async Task A_turn_that_nobody_waits_for_any_more_is_not_lost()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start(Dials);
        using var dialer = new PeerDialer(new HandshakeOptions { MaxHalfOpenPerAddress = 1 }, IPAddress.Loopback, transports: PeerTransports.Tcp, encryption: EncryptionPolicy.Forbid);
        using var deadline = new CancellationTokenSource(Patience);
        using var impatient = new CancellationTokenSource();
        Task<DialResult> first = dialer.DialAsync((IPEndPoint)listener.LocalEndpoint, Hello, deadline.Token);
        Task<DialResult> given = dialer.DialAsync((IPEndPoint)listener.LocalEndpoint, Hello, impatient.Token);
        Task<DialResult> last = dialer.DialAsync((IPEndPoint)listener.LocalEndpoint, Hello, deadline.Token);
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
        foreach (Task<DialResult> dial in new[] { first, last })
        {
            await AnswerAsync(await listener.AcceptSocketAsync(deadline.Token), deadline.Token);
            DialResult result = await dial;
            Assert.NotNull(result.Stream);
            result.Stream.Dispose();
        }
    }

    private async Task AnswerAsync(Socket socket, CancellationToken cancellationToken)
    {
        using (socket)
        {
            int undecided = Interlocked.Increment(ref _undecided);
            for (int most = _most; undecided > most; most = _most)
                Interlocked.CompareExchange(ref _most, undecided, most);
            byte[] handshake = new byte[Handshake.LengthBytes];
            for (int got = 0; got < handshake.Length;)
                got += await socket.ReceiveAsync(handshake.AsMemory(got), cancellationToken);
            Interlocked.Decrement(ref _undecided);
            await socket.SendAsync(handshake, cancellationToken);
        }
    }
}
