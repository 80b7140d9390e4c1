using System.Buffers;
using Compeer.Formats.Hashing;
using Compeer.Protocols.Overlays;
using Compeer.Protocols.SetReconciliation;
using Compeer.Simulator.Randomness;

namespace Compeer.Simulator.Worlds.SetReconciliation;

/// <summary>What it costs to find the difference of two large sets.</summary>
public sealed class SetReconciliationWorld : World
{
    private const int MaxRounds = 200;

    public override string Name => "set-reconciliation";

    public override string Summary => "Two sets of --nodes items that differ in 0 to 10,000: bytes and rounds until the asking side knows the whole difference.";

    public override int DefaultNodes => 1_000_000;

    public override WorldPlot Plot => new("differences", "bytes both ways", "bytes") { LogarithmicX = true, LogarithmicY = true };

    protected override IReadOnlyList<Func<WorldOptions, CancellationToken, CaseReport>> Cases() =>
        [.. ((int[])[0, 1, 10, 100, 1000, 10_000]).Select(d => (Func<WorldOptions, CancellationToken, CaseReport>)((options, token) => Measure(options, d, token)))];

    private static CaseReport Measure(WorldOptions options, int differences, CancellationToken cancellationToken)
    {
        string name = $"{differences} differences";
        SeededRandom random = options.Seed.Derive("sets").Stream(name);
        differences = Math.Min(differences, options.Nodes / 2);
        ReconciledItem[] common = [.. Enumerable.Range(0, options.Nodes - differences).Select(_ => Draw(random))];
        ReconciledItem[] mine = [.. Enumerable.Range(0, differences / 2).Select(_ => Draw(random))];
        ReconciledItem[] theirs = [.. Enumerable.Range(0, differences - (differences / 2)).Select(_ => Draw(random))];
        var asking = new SetReconciler(new SealedItemSet(common.Concat(mine)), new ReconciliationOptions(), asks: true);
        var answering = new SetReconciler(new SealedItemSet(common.Concat(theirs)), new ReconciliationOptions(), asks: false);
        var trace = new Trace();
        var question = new ArrayBufferWriter<byte>();
        var answer = new ArrayBufferWriter<byte>();
        asking.Begin(question);
        long bytes = 0;
        int rounds = 0;
        for (bool isDone = false; !isDone; rounds++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (rounds == MaxRounds)
                throw new SimulationException($"Two sets with {differences} differences are not reconciled after {rounds} rounds.");
            answer.ResetWrittenCount();
            Expect(answering.Receive(question.WrittenSpan, answer), ReconciliationStep.Answer);
            bytes += question.WrittenCount + answer.WrittenCount;
            trace.Mark(new MessageDigest((ulong)question.WrittenCount).Add((ulong)answer.WrittenCount).Value);
            question.ResetWrittenCount();
            ReconciliationStep step = asking.Receive(answer.WrittenSpan, question);
            isDone = step == ReconciliationStep.Done;
            if (!isDone)
                Expect(step, ReconciliationStep.Answer);
        }
        int wrong = Wrong(asking.Had, mine) + Wrong(asking.Needed, theirs);
        WorldRow row = new WorldRow(name).With("bytes", bytes).With("rounds", rounds)
            .With("bytes a difference", differences == 0 ? 0 : bytes / (double)differences)
            .With("of sending all ids %", Figures.Percent(bytes, 32.0 * options.Nodes), "0.0000")
            .With("wrong", wrong);
        return new CaseReport(name, [differences > 0 ? row.With("differences", differences) : row], trace, rounds, TimeSpan.Zero);
    }

    /// <summary>Ids that are in one of two sets only.</summary>
    private static int Wrong(IEnumerable<Sha256Hash> found, ReconciledItem[] real)
    {
        var wrong = new HashSet<Sha256Hash>(real.Select(i => i.Id));
        wrong.SymmetricExceptWith(found);
        return wrong.Count;
    }

    private static void Expect(ReconciliationStep step, ReconciliationStep expected)
    {
        if (step != expected)
            throw new SimulationException($"A message gave {step}, not {expected}.");
    }

    private static ReconciledItem Draw(SeededRandom random)
    {
        Span<byte> id = stackalloc byte[Sha256Hash.LengthBytes];
        random.NextBytes(id);
        return new ReconciledItem((ulong)random.Next(1_700_000_000, 1_800_000_000), new Sha256Hash(id));
    }
}
