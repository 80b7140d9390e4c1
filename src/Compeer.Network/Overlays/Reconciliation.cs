using System.Buffers;
using Compeer.Formats.Hashing;
using Compeer.Formats.Multiformats;
using Compeer.Network.Hosting;
using Compeer.Protocols.SetReconciliation;

namespace Compeer.Network.Overlays;

/// <summary>What two sets differ in.</summary>
/// <param name="Had">Ids that only we have.</param>
/// <param name="Needed">Ids that only the peer has.</param>
/// <param name="Bytes">What both sides sent.</param>
/// <param name="Rounds">Questions asked.</param>
public sealed record ReconciledDifference(IReadOnlyList<Sha256Hash> Had, IReadOnlyCollection<Sha256Hash> Needed, long Bytes, int Rounds);

/// <summary>Compares sets with peers over the streams of a host: one stream for each comparison.</summary>
public static class Reconciliation
{
    /// <summary>Rounds after which a peer is not believed to come to an end.</summary>
    public const int MaxRounds = 4096;

    private static readonly ReconciliationOptions Options = new();
    private static readonly TimeSpan RoundPatience = TimeSpan.FromSeconds(30);

    /// <summary>Answers who compares its set with ours.</summary>
    /// <param name="host">Gives the streams.</param>
    /// <param name="find">Our set of a name, as it is now; null when there is none.</param>
    public static void ServeReconciliation(this PeerHost host, Func<string, SealedItemSet?> find) =>
        host.Handle(ReconciliationCodec.Protocol, async (stream, cancellationToken) =>
        {
            SetReconciler? ours = null;
            for (int round = 0; round < MaxRounds; round++)
            {
                using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                deadline.CancelAfter(RoundPatience);
                if (await ReadAsync(stream, deadline.Token) is not { } question)
                    return;
                if (ours is null && find(question.Set) is { } set)
                    ours = new SetReconciler(set, Options, asks: false);
                var answer = new ArrayBufferWriter<byte>();
                if (ours is not null && ours.Receive(question.Ranges.Span, answer) is not (ReconciliationStep.Answer or ReconciliationStep.UnknownVersion))
                    throw new InvalidDataException("The question is malformed.");
                await stream.WriteMessageAsync(ReconciliationCodec.Encode(new ReconciliationMessage("", answer.WrittenMemory)), deadline.Token);
            }
        });

    /// <summary>Compares our set with a peer's of the same name.</summary>
    /// <exception cref="IOException">The peer is not reached, has no such set, or broke off.</exception>
    /// <exception cref="InvalidDataException">It breaks the protocol.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled, or the peer let a round wait for 30 seconds.</exception>
    public static async Task<ReconciledDifference> ReconcileAsync(this PeerHost host, PeerId peer, string name, SealedItemSet ours, CancellationToken cancellationToken = default)
    {
        var reconciler = new SetReconciler(ours, Options, asks: true);
        var question = new ArrayBufferWriter<byte>();
        reconciler.Begin(question);
        await using DuplexStream stream = await host.OpenStreamAsync(peer, ReconciliationCodec.Protocol, cancellationToken);
        long bytes = 0;
        for (int round = 1; round <= MaxRounds; round++)
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            deadline.CancelAfter(RoundPatience);
            byte[] asked = ReconciliationCodec.Encode(new ReconciliationMessage(round == 1 ? name : "", question.WrittenMemory));
            await stream.WriteMessageAsync(asked, deadline.Token);
            ReconciliationMessage answer = await ReadAsync(stream, deadline.Token) ?? throw new EndOfStreamException($"{peer} broke off.");
            if (answer.Ranges.IsEmpty)
                throw new IOException($"{peer} has no set \"{name}\".");
            bytes += asked.Length + answer.Ranges.Length;
            question.ResetWrittenCount();
            switch (reconciler.Receive(answer.Ranges.Span, question))
            {
                case ReconciliationStep.Done:
                    return new ReconciledDifference(reconciler.Had, reconciler.Needed, bytes, round);
                case ReconciliationStep.Answer:
                    break;
                case var step:
                    throw new InvalidDataException($"{peer} answers with what cannot be compared: {step}.");
            }
        }
        throw new InvalidDataException($"{peer} has come to no end in {MaxRounds} rounds.");
    }

    private static async ValueTask<ReconciliationMessage?> ReadAsync(DuplexStream stream, CancellationToken cancellationToken)
    {
        if (await stream.ReadMessageAsync(ReconciliationCodec.MaxBytes, cancellationToken) is not { } bytes)
            return null;
        return ReconciliationCodec.TryDecode(bytes, out ReconciliationMessage message) ? message : throw new InvalidDataException("The message is malformed.");
    }
}
