namespace Compeer.Protocols.Chord;

/// <summary>Bounds and times of a Chord node. Worst case: successors, 128 fingers and <see cref="MaxLookups"/> lookups of about 100 contacts each.</summary>
public sealed record ChordOptions
{
    /// <summary>Successors kept (r); about 2 log2 N survive the loss of half of the nodes at once.</summary>
    public int Successors { get; init; } = 20;

    /// <summary>Nodes told on the way to a key, so that a dead one costs no detour.</summary>
    public int Alternatives { get; init; } = 8;

    /// <summary>Lookups under way at once; a further one fails at once.</summary>
    public int MaxLookups { get; init; } = 64;

    /// <summary>Questions of a lookup, answered or not, after which it fails.</summary>
    public int MaxQuestions { get; init; } = 128;

    /// <summary>How often the successor is asked whether somebody came between.</summary>
    public TimeSpan StabiliseEvery { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often one finger is looked up anew.</summary>
    public TimeSpan FixFingerEvery { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>After so long without an answer a node counts as gone.</summary>
    public TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Events kept until they are taken; the oldest go first.</summary>
    public int MaxEvents { get; init; } = 1024;
}
