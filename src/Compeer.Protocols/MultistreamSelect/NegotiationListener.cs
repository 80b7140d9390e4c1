namespace Compeer.Protocols.MultistreamSelect;

/// <summary>
/// The side that is asked. It greets at once, and answers what it does not have with "na" until the dialler has proposed too often.
/// Spec: libp2p/specs connections/README.md, "multistream-select". Holds one message of at most 1,024 bytes.
/// </summary>
/// <param name="isAvailable">Whether we have a protocol.</param>
public sealed class NegotiationListener(Func<string, bool> isAvailable) : NegotiationSide
{
    /// <summary>Proposals that are answered.</summary>
    public const int MaxProposals = 64;

    private int _proposals;

    private protected override void OnMessage(string text)
    {
        if (isAvailable(text))
        {
            Agreed = text;
            Say(text);
        }
        else if (++_proposals < MaxProposals)
        {
            Say(MultistreamCodec.NotAvailable);
        }
        else
        {
            Failure = $"it proposed {MaxProposals} protocols that are not available";
        }
    }
}
