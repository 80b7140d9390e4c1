namespace Compeer.Network.Names;

/// <summary>A name could not be looked up. The message says which and why, as a clause.</summary>
public sealed class NameLookupException(string message) : IOException(message);
