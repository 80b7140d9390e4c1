using System.Net;

namespace Compeer.Protocols.Stun;

/// <summary>
/// The server's side of Binding: one datagram in, at most one out, nothing kept but counters. Spec: RFC 8489 section 12.2.
/// </summary>
/// <remarks>
/// An answer is shorter than three times its request, whoever sent it: 32 bytes for 20 over IPv4, 44 over IPv6, 8 more for the
/// fingerprint when the request has one. CHANGE-REQUEST is answered with error 420, since there is only one address.
/// </remarks>
/// <param name="limit">Limits of requests; shared with other users of the port.</param>
public sealed class StunBindingResponder(StunRateLimit limit)
{
    /// <summary>The longest answer.</summary>
    public const int MaxReplyBytes = 128;

    /// <summary>A reply to somebody whose address is not proved is shorter than this times the request.</summary>
    public const int MaxAmplification = 3;

    private const int MaxUnknown = 4;

    /// <summary>Requests answered.</summary>
    public long Answered { get; private set; }

    /// <summary>Requests that the limits left unanswered.</summary>
    public long Limited { get; private set; }

    /// <summary>
    /// Writes the answer into <paramref name="reply"/> (<see cref="MaxReplyBytes"/>) and gives its length, 0 for silence.
    /// False when the datagram is no Binding request.
    /// </summary>
    public bool TryAnswer(ReadOnlySpan<byte> datagram, IPEndPoint client, Instant now, Span<byte> reply, out int length)
    {
        length = 0;
        if (!StunMessage.TryRead(datagram, out StunMessage request) || request.Method != StunMethod.Binding)
            return false;
        // A Binding indication only keeps a NAT's mapping alive.
        if (request.Class is not (StunClass.Request or StunClass.Indication))
            return false;
        if (request.Class == StunClass.Indication)
            return true;
        if (!limit.TryTake(client.Address, now))
        {
            Limited++;
            return true;
        }
        Span<ushort> unknown = stackalloc ushort[MaxUnknown];
        unknown = unknown[..request.UnknownAttributes(KnownAttributes, unknown)];
        var writer = new StunMessageWriter(reply, unknown.IsEmpty ? StunClass.Success : StunClass.Error, StunMethod.Binding, request.Id);
        if (unknown.IsEmpty)
        {
            writer.AddXorAddress(StunAttributeType.XorMappedAddress, client);
        }
        else
        {
            writer.AddError(StunError.UnknownAttribute);
            writer.AddUnknownAttributes(unknown);
        }
        if (request.HasFingerprint)
            writer.AddFingerprint();
        if (writer.Length >= MaxAmplification * datagram.Length)
            return true;
        Answered++;
        length = writer.Length;
        return true;
    }

    // Credentials are not asked for, so those sent are neither checked nor a fault.
    private static ReadOnlySpan<StunAttributeType> KnownAttributes =>
        [StunAttributeType.Username, StunAttributeType.Realm, StunAttributeType.Nonce, StunAttributeType.UserHash, StunAttributeType.MappedAddress];
}
