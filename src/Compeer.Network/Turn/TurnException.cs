using Compeer.Protocols.Turn;

namespace Compeer.Network.Turn;

/// <summary>A relay gave no allocation; the message says why, and which relay.</summary>
public sealed class TurnException(TurnCloseReason reason, string message) : Exception(message)
{
    public TurnCloseReason Reason { get; } = reason;
}
