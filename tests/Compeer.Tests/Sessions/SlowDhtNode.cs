using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Compeer.Formats.Bencoding;
using Compeer.Formats.Hashing;

namespace Compeer.Tests.Sessions;

/// <summary>A node of the DHT on loopback that holds back its answers to get_peers until it is told to give them, and notes what is announced to it.</summary>
internal sealed class SlowDhtNode : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly UdpClient _socket = new(new IPEndPoint(IPAddress.Loopback, 0));
    private readonly CancellationTokenSource _ending = new();
    private readonly ConcurrentQueue<(byte[] Transaction, IPEndPoint From)> _heldBack = new();
    private readonly ConcurrentQueue<Sha1Hash> _asked = new();
    private readonly Task _loop;
    private volatile bool _answersAll;

    private static ReadOnlySpan<byte> Id => "a node of this test!"u8;

    public SlowDhtNode() => _loop = RunAsync();

    public int Port => ((IPEndPoint)_socket.Client.LocalEndPoint!).Port;

    public ConcurrentQueue<Sha1Hash> Announced { get; } = new();

    /// <summary>The first swarm asked for that is a wanted one.</summary>
    public async Task<Sha1Hash> FirstAskedAsync(Func<Sha1Hash, bool> isWanted)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (!_asked.Any(isWanted))
            await Task.Delay(10, limit.Token);
        return _asked.First(isWanted);
    }

    /// <summary>Answers what was held back, and from now on everything.</summary>
    public void AnswerAll()
    {
        _answersAll = true;
        while (_heldBack.TryDequeue(out (byte[] Transaction, IPEndPoint From) question))
            Answer(question.Transaction, question.From);
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _loop;
        _socket.Dispose();
        _ending.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                UdpReceiveResult received = await _socket.ReceiveAsync(_ending.Token);
                if (BencodeDocument.TryParse(received.Buffer, BencodeLimits.Peer, out BencodeDocument? message, out _))
                    Hear(message, received.RemoteEndPoint);
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    private void Hear(BencodeDocument message, IPEndPoint from)
    {
        if (!message.Root.TryGetBytes("q"u8, out ReadOnlyMemory<byte> method) || !message.Root.TryGetBytes("t"u8, out ReadOnlyMemory<byte> transaction) || !message.Root.TryGet("a"u8, out BencodeElement arguments))
            return;
        Sha1Hash? swarm = arguments.TryGetBytes("info_hash"u8, out ReadOnlyMemory<byte> hash) ? new Sha1Hash(hash.Span) : null;
        if (method.Span.SequenceEqual("announce_peer"u8))
            Announced.Enqueue(swarm!.Value);
        bool asksPeers = method.Span.SequenceEqual("get_peers"u8);
        if (asksPeers)
            _asked.Enqueue(swarm!.Value);
        if (asksPeers && !_answersAll)
            _heldBack.Enqueue((transaction.ToArray(), from));
        else
            Answer(transaction.ToArray(), from);
    }

    private void Answer(byte[] transaction, IPEndPoint to)
    {
        var output = new ArrayBufferWriter<byte>(128);
        var writer = new BencodeWriter(output);
        writer.BeginDictionary();
        writer.Key("r"u8);
        writer.BeginDictionary();
        writer.Key("id"u8);
        writer.String(Id);
        writer.Key("nodes"u8);
        // Whoever is asked as an entry counts only when it names itself.
        writer.String([.. Id, 127, 0, 0, 1, (byte)(Port >> 8), (byte)Port]);
        writer.Key("token"u8);
        writer.String("token"u8);
        writer.End();
        writer.Key("t"u8);
        writer.String(transaction);
        writer.Key("y"u8);
        writer.String("r"u8);
        writer.End();
        _socket.Send(output.WrittenSpan, to);
    }
}
