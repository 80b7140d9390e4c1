namespace Compeer.Protocols.Overlays;

/// <summary>
/// A machine that speaks whole messages with peers. What a peer is, its user says: the key of a node over libp2p streams, a
/// number in the simulator; so both run the same rules. The transport tells honestly who sends, keeps the order between two
/// peers, and gives back what it could not deliver.
/// </summary>
public interface IOverlayMachine<TPeer, TMessage>
    where TPeer : struct, IEquatable<TPeer>
    where TMessage : struct
{
    /// <summary>When <see cref="OnDeadline"/> is wanted; <see cref="Instant.Never"/> when nothing is waited for.</summary>
    Instant NextDeadline { get; }

    /// <summary>A message has arrived.</summary>
    void Receive(TPeer from, in TMessage message, Instant now);

    /// <summary>A message could not be delivered, because nobody is there.</summary>
    void OnUndelivered(TPeer to, in TMessage message, Instant now);

    /// <summary>The deadline has come.</summary>
    void OnDeadline(Instant now);

    /// <summary>The next message to send; false when there is none.</summary>
    bool TryTransmit(out TPeer to, out TMessage message);
}
