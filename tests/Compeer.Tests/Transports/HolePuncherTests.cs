using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Compeer.Formats.Hashing;
using Compeer.Formats.Torrents;
using Compeer.Network.Connections;
using Compeer.Network.Transports;
using Compeer.Protocols.MessageStreamEncryption;
using Compeer.Protocols.PeerWire;

namespace Compeer.Tests.Transports;

public sealed class HolePuncherTests
{
    private static readonly HandshakeOptions Options = new();
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Two_that_dial_each_other_at_once_from_their_listening_ports_meet()
    {
        if (!OperatingSystem.IsLinux())
            return;
        await using var one = new Side("127.0.0.21", 'a');
        await using var other = new Side("127.0.0.22", 'b');

        await Task.WhenAll(one.PunchAsync(other.At), other.PunchAsync(one.At));

        (PeerStream stream, Handshake theirs) = Assert.Single(one.Arrived);
        (PeerStream back, Handshake ours) = Assert.Single(other.Arrived);
        Assert.Equal((other.At, one.At), (stream.Remote, back.Remote));
        Assert.Equal((other.Handshake.PeerId, one.Handshake.PeerId), (theirs.PeerId, ours.PeerId));
        await stream.SendAsync("through"u8.ToArray(), CancellationToken.None);
        byte[] received = new byte[7];
        Assert.Equal(7, await back.ReceiveAsync(received, CancellationToken.None));
    }

    [Fact]
    public async Task Where_nobody_listens_the_tries_end()
    {
        await using var one = new Side("127.0.0.23", 'a');
        int port;
        using (var free = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            free.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            port = ((IPEndPoint)free.LocalEndPoint!).Port;
        }
        await one.PunchAsync(new IPEndPoint(IPAddress.Loopback, port));
        Assert.Empty(one.Arrived);
    }

    [Fact]
    public async Task A_second_program_still_cannot_listen_at_our_port()
    {
        await using var one = new Side("127.0.0.24", 'a');
        Assert.Throws<SocketException>(() => PeerListener.Listen(one.At));
    }

    [Fact]
    public async Task A_punch_that_is_called_off_ends()
    {
        await using var one = new Side("127.0.0.25", 'a');
        using var off = new CancellationTokenSource();
        Task punch = one.PunchAsync(new IPEndPoint(IPAddress.Parse("127.0.0.26"), 9), off.Token);
        await off.CancelAsync();
        await punch.WaitAsync(Limit);
        Assert.Empty(one.Arrived);
    }

    private sealed class Side : IAsyncDisposable
    {
        private readonly PeerListener _listener;
        private readonly PeerDialer _dialer;
        private readonly HolePuncher _puncher;

        public Side(string address, char name)
        {
            Handshake = new Handshake(ReservedBits.None, Sha1Hash.Of("swarm"u8), new PeerId(Enumerable.Repeat((byte)name, 20).ToArray()));
            Socket listening = PeerListener.Listen(new IPEndPoint(IPAddress.Parse(address), 0));
            At = (IPEndPoint)listening.LocalEndPoint!;
            _listener = PeerListener.Start(listening, Options, new IncomingEncryption(EncryptionPolicy.Forbid, _ => null), _ => Handshake, Add);
            _dialer = new PeerDialer(Options, IPAddress.Parse(address), utp: null, PeerTransports.Tcp);
            _puncher = new HolePuncher(_dialer, Options, IPAddress.Parse(address), utp: null, PeerTransports.Tcp);
        }

        public Handshake Handshake { get; }

        public IPEndPoint At { get; }

        public ConcurrentQueue<(PeerStream Stream, Handshake Theirs)> Arrived { get; } = new();

        public async Task PunchAsync(IPEndPoint remote, CancellationToken cancellationToken = default)
        {
            await _puncher.PunchAsync(remote, At.Port, Handshake, Add, cancellationToken).WaitAsync(Limit, CancellationToken.None);
        }

        public async ValueTask DisposeAsync()
        {
            await _listener.DisposeAsync();
            _dialer.Dispose();
            foreach ((PeerStream stream, _) in Arrived)
                stream.Dispose();
        }

        private void Add(PeerStream stream, Handshake theirs) => Arrived.Enqueue((stream, theirs));
    }
}
