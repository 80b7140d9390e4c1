namespace Compeer.Network.SecureChannels;

/// <summary>A file of a peer's key cannot be used; the message says which, why, and what to do.</summary>
public sealed class IdentityFileException(string message, Exception? inner) : Exception(message, inner);
