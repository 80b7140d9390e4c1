using System.Diagnostics;
using System.Globalization;
using System.Net;
using Compeer.Formats.Hashing;
using Compeer.Network.Transports;

namespace Compeer.Benchmarks.Datagrams;

/// <summary>
/// Asks a server over UDP as fast as it answers: from many addresses, each with a few requests under way, in batches, on one thread
/// that never sleeps. The same for every server; what it costs the server is read from /proc.
/// </summary>
internal abstract class DatagramLoad
{
    private static readonly TimeSpan LostAfter = TimeSpan.FromMilliseconds(300);

    private readonly LoadOptions _options;
    private readonly DatagramSocket[] _sockets;
    private readonly int[] _underWay;
    private readonly long[] _heardAt;
    private readonly DatagramBatch _batch;
    private readonly byte[] _server;

    protected DatagramLoad(LoadOptions options)
    {
        _options = options;
        SocketAddress server = options.Server.Serialize();
        _server = server.Buffer.Span[..server.Size].ToArray();
        _batch = new DatagramBatch(options.Window, options.Window * 1024);
        _underWay = new int[options.Clients];
        _heardAt = new long[options.Clients];
        var socket = new DatagramSocketOptions { Slots = options.Window, SlotBytes = 2048, Coalesce = false };
        _sockets = [.. Enumerable.Range(0, options.Clients).Select(i => DatagramSocket.Bind(new IPEndPoint(AddressOf(i), 0), socket))];
    }

    /// <summary>Requests that were refused, or answered with an error.</summary>
    protected long Refused { get; set; }

    /// <summary>Runs, and prints one line.</summary>
    public void Run()
    {
        long answered = 0, lost = 0;
        TimeSpan before = ProcessorTime();
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < _options.Duration && !IsDone)
        {
            for (int client = 0; client < _sockets.Length; client++)
            {
                int heard = Receive(client);
                answered += heard;
                if (heard > 0)
                    _heardAt[client] = Stopwatch.GetTimestamp();
                else if (_underWay[client] > 0 && Stopwatch.GetElapsedTime(_heardAt[client]) > LostAfter)
                    lost += Interlocked.Exchange(ref _underWay[client], 0);
                if (_underWay[client] <= _options.Window / 2)
                    Ask(client);
            }
        }
        double seconds = clock.Elapsed.TotalSeconds;
        double processor = (ProcessorTime() - before).TotalSeconds;
        string cost = _options.ServerProcess == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $", {processor / seconds:P0} of a core, {answered / processor:N0} per CPU second, {ResidentMegabytes():N0} MB resident");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{answered / seconds:N0} answers/s ({answered:N0} in {seconds:F1} s, {lost} lost, {Refused} refused){cost}"));
        foreach (DatagramSocket socket in _sockets)
            socket.Dispose();
    }

    /// <summary>Nothing is left to ask.</summary>
    protected virtual bool IsDone => false;

    /// <summary>Writes the next request of a client; 0 when there is none for now.</summary>
    protected abstract int WriteRequest(int client, Span<byte> target);

    /// <summary>Looks at what came; true when it answers a request that counts. What is written to <paramref name="reply"/> is sent back.</summary>
    protected abstract bool TakeReply(int client, ReadOnlySpan<byte> datagram, Span<byte> reply, out int replyBytes);

    /// <summary>Spread over networks of /24, as those of real clients.</summary>
    private static IPAddress AddressOf(int client) => new([127, (byte)(1 + client % 250), (byte)(1 + client / 250), 1]);

    private int Receive(int client)
    {
        int answered = 0;
        while (_sockets[client].TryReceive())
        {
            _batch.Clear();
            while (_sockets[client].TryTake(out ReadOnlySpan<byte> datagram, out ReadOnlySpan<byte> _))
            {
                if (TakeReply(client, datagram, _batch.Room, out int replyBytes))
                    answered++;
                if (replyBytes > 0)
                    _batch.Add(replyBytes, _server);
            }
            _sockets[client].Send(_batch);
        }
        _underWay[client] = Math.Max(0, _underWay[client] - answered);
        return answered;
    }

    private void Ask(int client)
    {
        _batch.Clear();
        while (_underWay[client] + _batch.Count < _options.Window && WriteRequest(client, _batch.Room) is > 0 and int length)
            _batch.Add(length, _server);
        if (_underWay[client] == 0)
            _heardAt[client] = Stopwatch.GetTimestamp();
        _underWay[client] += _sockets[client].Send(_batch);
    }

    private TimeSpan ProcessorTime()
    {
        if (_options.ServerProcess == 0)
            return TimeSpan.Zero;
        using Process server = Process.GetProcessById(_options.ServerProcess);
        return server.TotalProcessorTime;
    }

    private double ResidentMegabytes()
    {
        using Process server = Process.GetProcessById(_options.ServerProcess);
        return server.WorkingSet64 / 1e6;
    }
}

/// <summary>What to ask, and how much at once.</summary>
/// <param name="Server">Who is asked; on loopback.</param>
/// <param name="Clients">Addresses that ask.</param>
/// <param name="Window">Requests of each under way.</param>
/// <param name="Duration">When to stop.</param>
/// <param name="Swarms">Swarms that are asked for.</param>
/// <param name="ServerProcess">The server's process, to tell its cost; 0 when it is not known.</param>
internal sealed record LoadOptions(IPEndPoint Server, int Clients, int Window, TimeSpan Duration, int Swarms, int ServerProcess)
{
    /// <summary>Reads "IP:PORT CLIENTS SWARMS SECONDS [PID]".</summary>
    public static LoadOptions Parse(ReadOnlySpan<string> words) => new(
        IPEndPoint.Parse(words[0]), Number(words[1]), 4, TimeSpan.FromSeconds(Number(words[3])), Number(words[2]), words.Length > 4 ? Number(words[4]) : 0);

    /// <summary>The info-hash of a swarm: the same in every run, since a tracker's white list may name it.</summary>
    public static byte[] InfoHash(int swarm) => Sha1Hash.Of(BitConverter.GetBytes(swarm)).ToArray();

    private static int Number(string word) => int.Parse(word, CultureInfo.InvariantCulture);
}
