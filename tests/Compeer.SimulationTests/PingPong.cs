using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using Compeer.Protocols;
using Compeer.Simulator;

namespace Compeer.SimulationTests;

/// <summary>The smallest machine: numbers its pings, answers those of others, and notes what came.</summary>
internal sealed class PingPong : IVirtualNode
{
    private readonly Queue<(IPEndPoint To, byte[] Bytes)> _outbox = new();
    private readonly List<IPEndPoint> _targets = [];
    private int _number;

    /// <summary>Pings each of its targets this often; null pings only when told.</summary>
    public TimeSpan? Every { get; init; }

    public Instant? NextDeadline { get; private set; }

    public List<(int Number, IPEndPoint From, Instant At)> Pings { get; } = [];

    public List<(int Number, IPEndPoint From, Instant At)> Pongs { get; } = [];

    public void Watch(IPEndPoint target, Instant now)
    {
        _targets.Add(target);
        NextDeadline ??= now + Every;
    }

    public int Ping(IPEndPoint to, int lengthBytes = 5)
    {
        _outbox.Enqueue((to, Message((byte)'?', ++_number, lengthBytes)));
        return _number;
    }

    public void Receive(ReadOnlySpan<byte> datagram, IPEndPoint from, Instant now)
    {
        int number = BinaryPrimitives.ReadInt32BigEndian(datagram[1..]);
        if (datagram[0] == '?')
        {
            Pings.Add((number, from, now));
            _outbox.Enqueue((from, Message((byte)'!', number, 5)));
        }
        else
        {
            Pongs.Add((number, from, now));
        }
    }

    public bool TryTransmit(IBufferWriter<byte> output, out IPEndPoint to, Instant now)
    {
        to = null!;
        if (!_outbox.TryDequeue(out (IPEndPoint To, byte[] Bytes) next))
            return false;
        to = next.To;
        output.Write(next.Bytes);
        return true;
    }

    public void OnDeadline(Instant now)
    {
        foreach (IPEndPoint target in _targets)
            Ping(target);
        NextDeadline = now + Every;
    }

    private static byte[] Message(byte kind, int number, int lengthBytes)
    {
        byte[] bytes = new byte[lengthBytes];
        bytes[0] = kind;
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(1), number);
        return bytes;
    }
}
