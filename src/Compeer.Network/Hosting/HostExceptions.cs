using Compeer.Protocols.Yamux;

namespace Compeer.Network.Hosting;

/// <summary>A peer cannot be reached, or is not the one that was meant. The message names the peer, each address and its cause.</summary>
public sealed class PeerUnreachableException(string message, Exception? cause = null) : IOException(message, cause);

/// <summary>No protocol was agreed on.</summary>
public sealed class ProtocolRefusedException(string message) : IOException(message);

/// <summary>A stream was cut off before both sides had said all.</summary>
public sealed class StreamCutException(YamuxCut cut) : IOException(cut switch
{
    YamuxCut.ByRemote => "The remote reset the stream.",
    YamuxCut.ByUs => "The stream was reset here.",
    YamuxCut.Unread => "The stream was reset because too much lay unread in its connection.",
    _ => "The connection of the stream is over.",
})
{
    /// <summary>Why.</summary>
    public YamuxCut Cut { get; } = cut;
}
