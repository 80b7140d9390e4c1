using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Compeer.Protocols.DomainNames;

namespace Compeer.Tests.DomainNames;

/// <summary>A name server on loopback that knows a few texts, over UDP and TCP, and remembers what it was asked.</summary>
internal sealed class ScriptedNameServer : IAsyncDisposable
{
    private readonly Dictionary<string, string[]> _texts;
    private readonly CancellationTokenSource _ending = new();
    private readonly UdpClient _udp;
    private readonly TcpListener _tcp;
    private readonly Task _loops;
    private readonly List<string> _asked = [];

    public ScriptedNameServer(Dictionary<string, string[]> texts)
    {
        _texts = texts;
        (_tcp, _udp) = Bind();
        _loops = Task.WhenAll(UdpLoopAsync(), TcpLoopAsync());
    }

    /// <summary>Over UDP nothing is said but that the answer is too long.</summary>
    public bool Truncates { get; init; }

    /// <summary>Every question is refused.</summary>
    public bool Refuses { get; init; }

    /// <summary>Before each answer come some that are not to the question.</summary>
    public bool Lies { get; init; }

    public IPEndPoint EndPoint => (IPEndPoint)_tcp.LocalEndpoint;

    /// <summary>Names that were asked for, in this order.</summary>
    public IReadOnlyList<string> Asked
    {
        get
        {
            lock (_asked)
                return [.. _asked];
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _loops;
        _udp.Dispose();
        _tcp.Dispose();
        _ending.Dispose();
    }

    /// <summary>The answer to a question, as a server gives it.</summary>
    public static byte[] Answer(string name, ushort id, params string[] texts) =>
        new DnsMessage(true, [new DnsQuestion(name, DnsType.Txt)], [.. texts.Select(t => new DnsRecord(name, DnsType.Txt) { Strings = [.. t.Chunk(200).Select(c => new string(c))] })]) { Id = id }.Encode();

    private static (TcpListener Tcp, UdpClient Udp) Bind()
    {
        for (int i = 0; ; i++)
        {
            var tcp = new TcpListener(IPAddress.Loopback, 0);
            tcp.Start();
            try
            {
                return (tcp, new UdpClient((IPEndPoint)tcp.LocalEndpoint));
            }
            catch (SocketException) when (i < 100)
            {
                // The same port is taken over UDP.
                tcp.Dispose();
            }
        }
    }

    private byte[] AnswerTo(byte[] question, bool overTcp)
    {
        Assert.True(DnsMessage.TryDecode(question, out DnsMessage? asked));
        Assert.True(asked.WantsRecursion);
        string name = Assert.Single(asked.Questions).Name;
        lock (_asked)
            _asked.Add(name);
        byte[] answer = Answer(name, asked.Id, Truncates && !overTcp ? [] : _texts.GetValueOrDefault(name, []));
        if (Truncates && !overTcp)
            answer[2] |= 2;
        if (Refuses)
            answer[3] |= 5;
        return answer;
    }

    private async Task UdpLoopAsync()
    {
        try
        {
            while (true)
            {
                UdpReceiveResult question = await _udp.ReceiveAsync(_ending.Token);
                byte[] answer = AnswerTo(question.Buffer, overTcp: false);
                ushort id = BinaryPrimitives.ReadUInt16BigEndian(answer);
                byte[][] lies = Lies ? [[1, 2, 3], Answer("_dnsaddr.lab", (ushort)(id + 1), "dnsaddr=/ip4/127.0.0.1/tcp/1"), Answer("other", id, "dnsaddr=/ip4/127.0.0.1/tcp/1"), question.Buffer] : [];
                foreach (byte[] datagram in lies.Append(answer))
                    await _udp.SendAsync(datagram, question.RemoteEndPoint, _ending.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    private async Task TcpLoopAsync()
    {
        try
        {
            while (true)
            {
                using TcpClient client = await _tcp.AcceptTcpClientAsync(_ending.Token);
                NetworkStream stream = client.GetStream();
                byte[] length = new byte[2];
                await stream.ReadExactlyAsync(length, _ending.Token);
                byte[] question = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
                await stream.ReadExactlyAsync(question, _ending.Token);
                byte[] answer = AnswerTo(question, overTcp: true);
                BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)answer.Length);
                await stream.WriteAsync((byte[])[.. length, .. answer], _ending.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }
}
