using System.Collections.Immutable;
using Compeer.Protocols.Kademlia;

namespace Compeer.Protocols.MainlineDht;

// Asking a node which swarms it knows. Spec: BEP 51.
public sealed partial class DhtNode
{
    private const int MaxSampleIntervalSeconds = 21_600;

    /// <summary>Asks a node of our family for some of the swarms that it knows; gives the number that the <see cref="DhtSampled"/> will have.</summary>
    public uint Sample(NodeEndPoint node, Instant now)
    {
        var question = new PendingQuery(NewTransaction(), node, null, now, QueryPurpose.Sample, null);
        var writer = new KrpcWriter(Scratch());
        BeginQuery(ref writer);
        writer.Identity("id"u8, Id);
        writer.Identity("target"u8, Key160.NewRandom(_random));
        EndQuery(ref writer, "sample_infohashes"u8, question);
        return question.Transaction;
    }

    private void OnSampled(in PendingQuery question, in KrpcMessage reply)
    {
        // A node that does not know this may answer as if it was asked for nodes.
        bool isAnswer = !reply.Samples.IsEmpty || reply.Number > 0 || reply.Interval > 0;
        Emit(new DhtSampled(question.Transaction, isAnswer ? Read(reply) : null));
    }

    private static DhtSamples Read(in KrpcMessage reply)
    {
        ImmutableArray<Key160>.Builder samples = ImmutableArray.CreateBuilder<Key160>();
        for (ReadOnlySpan<byte> rest = reply.Samples; rest.Length >= Key160.LengthBytes && samples.Count < DhtSamples.MaxInfoHashes; rest = rest[Key160.LengthBytes..])
            samples.Add(Key160.Read(rest[..Key160.LengthBytes]));
        return new DhtSamples(samples.ToImmutable(), Math.Max(0, reply.Number), TimeSpan.FromSeconds(Math.Clamp(reply.Interval, 0, MaxSampleIntervalSeconds)));
    }
}
