namespace Compeer.Protocols.MultistreamSelect;

/// <summary>
/// The side that is asked. It greets at once, and answers what it does not have with "na" until the dialler has proposed too often.
/// Spec: libp2p/specs connections/README.md, "multistream-select". Holds one message of at most 1,024 bytes.
/// </summary>
public sealed class NegotiationListener
{
    /// <summary>Proposals that are answered.</summary>
    public const int MaxProposals = 64;

    private readonly NegotiationReader _reader = new();
    private readonly Func<string, bool> _isAvailable;
    private readonly List<byte> _output = [];
    private int _proposals;
    private bool _isGreeted;

    /// <param name="isAvailable">Whether we have a protocol.</param>
    public NegotiationListener(Func<string, bool> isAvailable)
    {
        _isAvailable = isAvailable;
        MultistreamCodec.Write(_output, MultistreamCodec.Header);
    }

    /// <summary>The protocol that both sides agreed on; the answer that says so may still have to be sent.</summary>
    public string? Agreed { get; private set; }

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
        else if (_isAvailable(text))
        {
            Agreed = text;
            MultistreamCodec.Write(_output, text);
        }
        else if (++_proposals < MaxProposals)
        {
            MultistreamCodec.Write(_output, MultistreamCodec.NotAvailable);
        }
        else
        {
            Failure = $"it proposed {MaxProposals} protocols that are not available";
        }
    }
}
