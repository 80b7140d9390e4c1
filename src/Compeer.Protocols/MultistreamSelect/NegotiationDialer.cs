namespace Compeer.Protocols.MultistreamSelect;

/// <summary>
/// The side that proposes. Its greeting and first proposal leave together, so agreeing costs one round trip; a caller that trusts in
/// the first proposal may send its own data right behind it and read the answers later.
/// Spec: libp2p/specs connections/README.md, "multistream-select". Holds one message of at most 1,024 bytes.
/// </summary>
public sealed class NegotiationDialer : NegotiationSide
{
    private readonly IReadOnlyList<string> _protocols;
    private int _proposed;

    /// <param name="protocols">What is proposed, the best first; at least one.</param>
    public NegotiationDialer(IReadOnlyList<string> protocols)
    {
        ArgumentOutOfRangeException.ThrowIfZero(protocols.Count);
        _protocols = protocols;
        Say(protocols[0]);
    }

    /// <summary>The remote has none of the protocols.</summary>
    public bool IsRefused { get; private set; }

    private protected override void OnMessage(string text)
    {
        if (text == _protocols[_proposed])
        {
            Agreed = text;
        }
        else if (text != MultistreamCodec.NotAvailable)
        {
            Failure = "it agreed to something that was not proposed";
        }
        else if (++_proposed < _protocols.Count)
        {
            Say(_protocols[_proposed]);
        }
        else
        {
            IsRefused = true;
            Failure = $"it does not have {string.Join(" or ", _protocols)}";
        }
    }
}
