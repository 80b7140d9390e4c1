namespace Compeer.Protocols.Sealing;

/// <summary>
/// Authenticated encryption under one key, by whatever the platform offers. It seals and opens; no nonce may be sealed with twice, which is
/// the caller's care. Not thread-safe. Spec: RFC 5116, section 2.
/// </summary>
public interface IAead : IDisposable
{
    /// <summary>Length of every nonce.</summary>
    const int NonceBytes = 12;

    /// <summary>Length of every tag.</summary>
    const int TagBytes = 16;

    /// <summary>Seals content and, behind it as one plaintext, an ending; so that a short ending costs no copy of the content.</summary>
    /// <param name="nonce">12 bytes.</param>
    /// <param name="associatedData">What is not sealed and yet must be the same.</param>
    /// <param name="content">The plaintext's beginning; apart from the target.</param>
    /// <param name="ending">The plaintext's end; may be empty.</param>
    /// <param name="target">Of exactly both lengths and that of the tag, which is written last.</param>
    void Seal(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> content, ReadOnlySpan<byte> ending, Span<byte> target);

    /// <summary>Opens what was sealed; false, and a target of zeros, where anything of it is forged.</summary>
    /// <param name="nonce">12 bytes.</param>
    /// <param name="associatedData">As it was sealed with.</param>
    /// <param name="message">The sealed part and its tag.</param>
    /// <param name="target">Of exactly the message's length less the tag's; where the message begins, or apart from it.</param>
    bool TryOpen(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> message, Span<byte> target);
}
