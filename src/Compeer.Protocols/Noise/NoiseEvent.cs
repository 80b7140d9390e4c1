using Compeer.Formats.Multiformats;

namespace Compeer.Protocols.Noise;

/// <summary>How a handshake ended.</summary>
public abstract record NoiseEvent
{
    private NoiseEvent()
    {
    }

    /// <summary>Both sides proved who they are.</summary>
    /// <param name="Remote">The remote's identity.</param>
    /// <param name="Muxer">The muxer that both named, or null: then it is negotiated by multistream.</param>
    /// <param name="Sending">Encrypts; the taker of the event owns it.</param>
    /// <param name="Receiving">Decrypts; the taker of the event owns it.</param>
    public sealed record Completed(PublicKey Remote, string? Muxer, NoiseCipher Sending, NoiseCipher Receiving) : NoiseEvent;

    /// <summary>The handshake failed, and nothing more may pass.</summary>
    /// <param name="Reason">Why, in one sentence.</param>
    public sealed record Closed(string Reason) : NoiseEvent;
}
