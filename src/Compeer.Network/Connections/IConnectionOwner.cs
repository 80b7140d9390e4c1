namespace Compeer.Network.Connections;

/// <summary>
/// Who is told what a connection did. Called on the connection's own pumps or by whoever sends, one call of a kind at a time; a call that takes long holds up the pump.
/// </summary>
public interface IConnectionOwner
{
    /// <summary>Bytes arrived. The owner must hand the buffer back through <see cref="PeerConnection.Release"/>.</summary>
    void OnReceived(PeerConnection connection, TransferBuffer buffer);

    /// <summary>A queued buffer reached the kernel.</summary>
    void OnSent(PeerConnection connection, int lengthBytes, int payloadBytes);

    /// <summary>The connection ended; nothing follows. Called once.</summary>
    void OnClosed(PeerConnection connection, string reason);
}
