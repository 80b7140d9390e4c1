using System.Buffers;
using System.Collections.Immutable;
using System.Net;
using Compeer.Protocols;
using Compeer.Protocols.Stun;
using Compeer.Protocols.Turn;

namespace Compeer.Tests.Turn;

/// <summary>A relay and its clients in one process on virtual time; peers are only addresses.</summary>
internal sealed class TurnWorld
{
    public static readonly IPEndPoint ServerEndPoint = IPEndPoint.Parse("203.0.113.1:3478");
    public static readonly IPEndPoint Peer = IPEndPoint.Parse("198.51.100.7:5000");

    private int _nextPort = 50_001;

    public TurnWorld(TurnServerOptions? options = null) => Server = new TurnServer(
        options ?? Options, [.. Enumerable.Range(0, 32).Select(i => (byte)i)]);

    public static TurnServerOptions Options { get; } = new()
    {
        Users = ImmutableDictionary<string, string>.Empty.Add("ann", "secret").Add("bob", "hidden"),
        OwnAddresses = [ServerEndPoint.Address],
    };

    public TurnServer Server { get; }

    public Instant Now { get; set; } = Instant.Zero + TimeSpan.FromHours(1);

    /// <summary>Ports open at the relay.</summary>
    public Dictionary<int, IPEndPoint> Relays { get; } = [];

    /// <summary>What the relay sent to peers.</summary>
    public List<(IPEndPoint From, IPEndPoint To, byte[] Data)> AtPeers { get; } = [];

    /// <summary>What clients got from peers.</summary>
    public List<(IPEndPoint From, byte[] Data)> AtClients { get; } = [];

    /// <summary>Every datagram between clients and the server, for tests that forge.</summary>
    public List<byte[]> FromServer { get; } = [];

    public bool FailRelays { get; set; }

    public Func<byte[], bool> LosesAnswer { get; set; } = _ => false;

    public TurnClientSession NewClient(string user = "ann", string password = "secret") =>
        new(ServerEndPoint, new TurnCredentials(user, password), new TurnClientOptions(), new Random(AtPeers.Count + _nextPort));

    /// <summary>A client with an allocation.</summary>
    public TurnClientSession Allocated(IPEndPoint at)
    {
        TurnClientSession client = NewClient();
        client.Allocate(Now);
        Pump(client, at);
        Assert.True(client.TryTakeEvent(out TurnClientEvent e));
        Assert.IsType<TurnAllocated>(e);
        return client;
    }

    /// <summary>Lets client and server talk until both are silent.</summary>
    public void Pump(TurnClientSession client, IPEndPoint at)
    {
        var output = new ArrayBufferWriter<byte>();
        client.OnDeadline(Now);
        while (client.TryTransmit(output, Now))
        {
            foreach (byte[] answer in Send(output.WrittenSpan.ToArray(), at))
                Deliver(client, answer);
            output.ResetWrittenCount();
            client.OnDeadline(Now);
        }
    }

    /// <summary>Moves time on in the steps that the machines ask for.</summary>
    public void Run(TurnClientSession client, IPEndPoint at, TimeSpan span)
    {
        Instant end = Now + span;
        while (client.NextDeadline is { } next && next <= end)
        {
            Now = next > Now ? next : Now;
            ServerDeadline();
            Pump(client, at);
        }
        Now = end;
        ServerDeadline();
    }

    /// <summary>One datagram to the server's port; gives what came back to that client.</summary>
    public List<byte[]> Send(byte[] datagram, IPEndPoint from)
    {
        byte[] output = new byte[datagram.Length + TurnServer.MaxOverheadBytes];
        List<byte[]> answers = [];
        Take(Server.Receive(datagram, from, Now, output), output, answers);
        while (Server.TryTakeEvent(out TurnServerEvent e))
            Obey(e, output, answers);
        return answers;
    }

    /// <summary>A peer's datagram to a relayed address.</summary>
    public void SendToRelay(TurnClientSession client, IPEndPoint peer, byte[] data)
    {
        int relay = Relays.Single(r => r.Value.Equals(client.Relayed)).Key;
        byte[] output = new byte[data.Length + TurnServer.MaxOverheadBytes];
        List<byte[]> answers = [];
        Take(Server.ReceiveFromPeer(relay, data, peer, Now, output), output, answers);
        foreach (byte[] answer in answers)
            Deliver(client, answer);
    }

    public void Wrap(TurnClientSession client, IPEndPoint at, IPEndPoint peer, byte[] data)
    {
        byte[] output = new byte[data.Length + TurnClientSession.MaxOverheadBytes];
        int length = client.Wrap(data, peer, output, Now);
        if (length > 0)
            Send(output[..length], at);
        Pump(client, at);
    }

    public void Deliver(TurnClientSession client, byte[] datagram)
    {
        if (client.Receive(datagram, ServerEndPoint, Now, out ReadOnlySpan<byte> data, out IPEndPoint? peer) == TurnReceived.Data)
            AtClients.Add((peer!, data.ToArray()));
    }

    /// <summary>A request as a client writes it, with what it knows.</summary>
    public static byte[] Request(StunMethod method, ReadOnlySpan<byte> nonce, string user, string password, StunAdd? add = null, ulong id = 77)
    {
        var writer = new StunMessageWriter(new byte[1024], StunClass.Request, method, new(id, (uint)id));
        if (method == StunMethod.Allocate)
            writer.AddUInt32(StunAttributeType.RequestedTransport, 17u << 24);
        add?.Invoke(ref writer);
        if (!nonce.IsEmpty)
        {
            writer.AddText(StunAttributeType.Username, user);
            writer.AddText(StunAttributeType.Realm, "compeer");
            writer.Add(StunAttributeType.Nonce, nonce);
            writer.AddIntegrity(StunCredentials.Key(user, "compeer", password));
        }
        return writer.Written.ToArray();
    }

    public delegate void StunAdd(ref StunMessageWriter writer);

    /// <summary>The nonce that the server gives to a client.</summary>
    public byte[] NonceFor(IPEndPoint client)
    {
        byte[] challenge = Assert.Single(Send(Request(StunMethod.Allocate, [], "", ""), client));
        Assert.True(StunMessage.TryRead(challenge, out StunMessage message));
        Assert.True(message.TryGet(StunAttributeType.Nonce, out ReadOnlySpan<byte> nonce));
        return nonce.ToArray();
    }

    /// <summary>The error code of the one answer; 0 for success.</summary>
    public static int CodeOf(List<byte[]> answers)
    {
        Assert.True(StunMessage.TryRead(Assert.Single(answers), out StunMessage message));
        message.TryGetError(out StunError error);
        return error.Code;
    }

    private void ServerDeadline()
    {
        Server.OnDeadline(Now);
        while (Server.TryTakeEvent(out TurnServerEvent e))
            Obey(e, new byte[TurnServer.MaxOverheadBytes], []);
    }

    private void Obey(TurnServerEvent e, byte[] output, List<byte[]> answers)
    {
        if (e is TurnRelayEnded ended)
        {
            Relays.Remove(ended.Relay);
        }
        else if (e is TurnRelayWanted wanted && FailRelays)
        {
            Take(Server.RelayFailed(wanted.Relay, output), output, answers);
        }
        else if (e is TurnRelayWanted opened)
        {
            _nextPort += opened.IsEven ? _nextPort % 2 : 0;
            Relays[opened.Relay] = new IPEndPoint(ServerEndPoint.Address, _nextPort++);
            Take(Server.RelayOpened(opened.Relay, Relays[opened.Relay], Now, output), output, answers);
        }
    }

    private void Take(TurnAction action, byte[] output, List<byte[]> answers)
    {
        if (action.Kind == TurnActionKind.ToPeer)
        {
            AtPeers.Add((Relays[action.Relay], action.To!, action.Data.ToArray()));
        }
        else if (action.Kind == TurnActionKind.ToClient)
        {
            byte[] answer = output[..action.LengthBytes];
            FromServer.Add(answer);
            if (!LosesAnswer(answer))
                answers.Add(answer);
        }
    }
}
