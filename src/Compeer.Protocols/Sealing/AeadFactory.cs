namespace Compeer.Protocols.Sealing;

/// <summary>Makes an AEAD of a key, which is copied.</summary>
/// <exception cref="ArgumentException">The key has not a length of the algorithm's.</exception>
public delegate IAead AeadFactory(AeadAlgorithm algorithm, ReadOnlySpan<byte> key);
