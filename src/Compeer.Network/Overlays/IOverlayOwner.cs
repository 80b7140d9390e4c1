using Compeer.Formats.Multiformats;
using Compeer.Network.Hosting;
using Compeer.Protocols;

namespace Compeer.Network.Overlays;

/// <summary>Who uses an <see cref="OverlayDriver{TMessage}"/>.</summary>
public interface IOverlayOwner
{
    /// <summary>The machine has done something: its events are taken now. Under the driver's lock, so it returns soon and calls nobody else.</summary>
    void OnStep(Instant now);

    /// <summary>A peer has opened a stream, on whose task this is; nothing is read from it before this is done.</summary>
    ValueTask OnOpenedAsync(DuplexStream stream, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <summary>Something was received, on whose task this is; until it is done, nothing more is read from that stream.</summary>
    ValueTask OnReceivedAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <summary>A peer broke the rules, and its stream was reset. Not under the lock.</summary>
    /// <param name="peer">Who.</param>
    /// <param name="fault">What it did, as a clause.</param>
    void OnFault(PeerId peer, string fault)
    {
    }

    /// <summary>The stream to a peer broke, or could not be opened; a later message begins anew. Not under the lock.</summary>
    void OnLost(PeerId peer)
    {
    }
}
