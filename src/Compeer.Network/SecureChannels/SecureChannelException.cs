namespace Compeer.Network.SecureChannels;

/// <summary>A handshake was refused; the message says why, in one sentence.</summary>
public sealed class SecureChannelException(string reason) : Exception(reason);
