using System.Buffers;
using System.Net;
using Compeer.Formats.Bencoding;
using Compeer.Protocols;
using Compeer.Protocols.Kademlia;
using Compeer.Protocols.MainlineDht;

namespace Compeer.Simulator.Worlds.MainlineDht;

/// <summary>
/// A hostile node: it joins like everybody else, but answers every search with its fellows nearest to the target, gives
/// worthless tokens, takes every announcement and item and forgets it.
/// </summary>
public sealed class LiarNode : IVirtualNode
{
    private readonly DhtPeer _face;
    private readonly LiarRing _ring;
    private readonly byte[] _id;
    private readonly Queue<(IPEndPoint To, byte[] Datagram)> _lies = new();

    /// <summary>Joins a ring.</summary>
    /// <param name="face">What joins the network and answers pings.</param>
    /// <param name="endPoint">Its address.</param>
    /// <param name="ring">Its fellows.</param>
    public LiarNode(DhtPeer face, IPEndPoint endPoint, LiarRing ring)
    {
        ArgumentNullException.ThrowIfNull(face);
        ArgumentNullException.ThrowIfNull(ring);
        _face = face;
        _ring = ring;
        _id = face.Node.Id.ToArray();
        ring.Add(new DhtContact(face.Node.Id, NodeEndPoint.From(endPoint)));
    }

    public Instant? NextDeadline => _face.NextDeadline;

    public void Receive(ReadOnlySpan<byte> datagram, IPEndPoint from, Instant now)
    {
        if (!KrpcQuestion.TryRead(datagram, out KrpcQuestion question) || question.Method.SequenceEqual("ping"u8))
        {
            _face.Receive(datagram, from, now);
            return;
        }
        _ring.Lies++;
        _lies.Enqueue((from, Lie(question)));
    }

    public bool TryTransmit(IBufferWriter<byte> output, out IPEndPoint to, Instant now)
    {
        if (!_lies.TryDequeue(out (IPEndPoint To, byte[] Datagram) lie))
            return _face.TryTransmit(output, out to, now);
        to = lie.To;
        output.Write(lie.Datagram);
        return true;
    }

    public void OnDeadline(Instant now) => _face.OnDeadline(now);

    public bool AfterStep(Instant now) => _face.AfterStep(now);

    private byte[] Lie(in KrpcQuestion question)
    {
        const int Each = Key160.LengthBytes + NodeEndPoint.V4LengthBytes;
        var output = new ArrayBufferWriter<byte>(320);
        var writer = new BencodeWriter(output);
        writer.BeginDictionary();
        writer.Key("r"u8);
        writer.BeginDictionary();
        writer.Key("id"u8);
        writer.String(_id);
        if (question.Target.Length == Key160.LengthBytes)
        {
            Span<DhtContact> nearest = stackalloc DhtContact[8];
            Span<byte> nodes = stackalloc byte[8 * Each];
            int count = _ring.Nearest(Key160.Read(question.Target), nearest);
            for (int i = 0; i < count; i++)
            {
                nearest[i].Id.Write(nodes[(i * Each)..]);
                nearest[i].EndPoint.Write(nodes[(i * Each + Key160.LengthBytes)..]);
            }
            writer.Key("nodes"u8);
            writer.String(nodes[..(count * Each)]);
            writer.Key("token"u8);
            writer.String("lies"u8);
        }
        writer.End();
        writer.Key("t"u8);
        writer.String(question.Transaction);
        writer.Key("y"u8);
        writer.Text("r");
        writer.End();
        return output.WrittenSpan.ToArray();
    }
}
