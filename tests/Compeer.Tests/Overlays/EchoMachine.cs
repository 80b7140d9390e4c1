using System.Buffers;
using System.Buffers.Binary;
using Compeer.Formats.Multiformats;
using Compeer.Network.Overlays;
using Compeer.Protocols;
using Compeer.Protocols.Overlays;

namespace Compeer.Tests.Overlays;

/// <summary>A message of the small machine: a number, and some zeros behind it.</summary>
internal readonly record struct Ball(int Number, int Padding = 0, bool IsAnswer = false);

internal sealed class BallCodec : IOverlayCodec<Ball>
{
    public void Encode(in Ball message, IBufferWriter<byte> output)
    {
        Span<byte> head = output.GetSpan(5);
        BinaryPrimitives.WriteInt32BigEndian(head, message.Number);
        head[4] = message.IsAnswer ? (byte)1 : (byte)0;
        output.Advance(5);
        output.Write(new byte[message.Padding]);
    }

    public bool TryDecode(ReadOnlySpan<byte> source, out Ball message)
    {
        message = default;
        if (source.Length < 5 || source[4] > 1)
            return false;
        message = new Ball(BinaryPrimitives.ReadInt32BigEndian(source), source.Length - 5, source[4] == 1);
        return true;
    }
}

/// <summary>Throws balls back, and notes what came, what was not delivered, and what its owner was told.</summary>
internal sealed class EchoMachine : IOverlayMachine<PeerId, Ball>, IOverlayOwner
{
    private readonly Queue<(PeerId, Ball)> _toSend = new();

    public List<(PeerId From, Ball Ball)> Received { get; } = [];

    public List<(PeerId To, Ball Ball)> Undelivered { get; } = [];

    public List<string> Faults { get; } = [];

    public int Deadlines { get; private set; }

    public Instant NextDeadline { get; set; } = Instant.Never;

    public void Send(PeerId to, Ball ball) => _toSend.Enqueue((to, ball));

    public void Receive(PeerId from, in Ball message, Instant now)
    {
        Received.Add((from, message));
        if (!message.IsAnswer)
            Send(from, message with { IsAnswer = true });
    }

    public void OnUndelivered(PeerId to, in Ball message, Instant now) => Undelivered.Add((to, message));

    public void OnDeadline(Instant now)
    {
        Deadlines++;
        NextDeadline = Instant.Never;
    }

    public bool TryTransmit(out PeerId to, out Ball message)
    {
        bool any = _toSend.TryDequeue(out (PeerId To, Ball Ball) next);
        (to, message) = next;
        return any;
    }

    public void OnStep(Instant now)
    {
    }

    public void OnFault(PeerId peer, string fault)
    {
        lock (Faults)
            Faults.Add(fault);
    }
}
