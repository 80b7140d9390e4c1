namespace Compeer.Protocols.MultistreamSelect;

/// <summary>
/// The side that proposes. Its greeting and first proposal leave together, so agreeing costs one round trip; a caller that trusts in
/// the first proposal may send its own data right behind it and read the answers later.
/// Spec: libp2p/specs connections/README.md, "multistream-select". Holds one message of at most 1,024 bytes.
/// </summary>
public sealed class NegotiationDialer
{
    private readonly NegotiationReader _reader = new();
    private readonly IReadOnlyList<string> _protocols;
    private readonly List<byte> _output = [];
    private int _proposed;
    private bool _isGreeted;

    /// <param name="protocols">What is proposed, the best first; at least one.</param>
    public NegotiationDialer(IReadOnlyList<string> protocols)
    {
        ArgumentOutOfRangeException.ThrowIfZero(protocols.Count);
        _protocols = protocols;
        MultistreamCodec.Write(_output, MultistreamCodec.Header);
        MultistreamCodec.Write(_output, protocols[0]);
    }

    /// <summary>The protocol that both sides agreed on.</summary>
    public string? Agreed { get; private set; }

    /// <summary>The remote has none of the protocols.</summary>
    public bool IsRefused { get; private set; }

    /// <summary>Why there is no agreement, as a clause; null otherwise.</summary>
    public string? Failure { get; private set; }

    /// <summary>Bytes to be received next, never more than belong to the negotiation; 0 when it is over.</summary>
    public int BytesNeeded => Agreed is null && Failure is null ? _reader.BytesNeeded : 0;

    /// <summary>Bytes to be sent now; empty when there are none.</summary>
    public byte[] TakeOutput()
    {
        byte[] output = [.. _output];
        _output.Clear();
        return output;
    }

    /// <summary>Takes at most <see cref="BytesNeeded"/> bytes.</summary>
    public void Receive(ReadOnlySpan<byte> data)
    {
        while (data.Length > 0 && BytesNeeded > 0)
        {
            int taken = Math.Min(data.Length, BytesNeeded);
            string? text = _reader.Take(data[..taken]);
            data = data[taken..];
            Failure = _reader.Fault;
            if (text is not null)
                OnMessage(text);
        }
    }

    private void OnMessage(string text)
    {
        if (!_isGreeted)
        {
            _isGreeted = true;
            if (text != MultistreamCodec.Header)
                Failure = "it does not negotiate by multistream-select 1.0";
        }
        else if (text == _protocols[_proposed])
        {
            Agreed = text;
        }
        else if (text != MultistreamCodec.NotAvailable)
        {
            Failure = "it agreed to something that was not proposed";
        }
        else if (++_proposed < _protocols.Count)
        {
            MultistreamCodec.Write(_output, _protocols[_proposed]);
        }
        else
        {
            IsRefused = true;
            Failure = $"it does not have {string.Join(" or ", _protocols)}";
        }
    }
}
