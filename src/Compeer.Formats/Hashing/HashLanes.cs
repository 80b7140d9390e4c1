namespace Compeer.Formats.Hashing;

/// <summary>Chooses how this machine hashes.</summary>
public static class HashLanes
{
    /// <summary>The fastest implementation here.</summary>
    public static IHashLanes Best { get; } = new SingleLane();
}
