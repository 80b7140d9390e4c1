namespace Compeer.Protocols.KadDht;

/// <summary>
/// Where a node of the DHT keeps what shall outlive it: a file, or what the embedding program has. It is called by one thread at a time, while
/// the node waits, and never throws: what cannot be kept is lost at the next start, and no earlier.
/// </summary>
public interface IKadArchive
{
    /// <summary>All that is kept, in any order; asked once, before anything else. It may have been damaged or changed by others: the node checks it.</summary>
    IEnumerable<KadKept> Load();

    /// <summary>Keeps something, in the place of what has the same <see cref="KadKept.Name"/>. When it returns, the thing must survive the death of the program.</summary>
    void Keep(KadKept kept);

    /// <summary>Keeps what has this <see cref="KadKept.Name"/> no more.</summary>
    void Drop(ReadOnlySpan<byte> name);
}
