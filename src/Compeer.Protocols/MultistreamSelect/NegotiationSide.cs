namespace Compeer.Protocols.MultistreamSelect;

/// <summary>What both sides of a negotiation do alike: greet, put messages together, and end in an agreement or a failure.</summary>
public abstract class NegotiationSide
{
    private readonly NegotiationReader _reader = new();
    private readonly List<byte> _output = [];
    private bool _isGreeted;

    private protected NegotiationSide() => Say(MultistreamCodec.Header);

    /// <summary>The protocol that both sides agreed on; of the listener the answer that says so may still have to be sent.</summary>
    public string? Agreed { get; private protected set; }

    /// <summary>Why there is no agreement, as a clause; null otherwise.</summary>
    public string? Failure { get; private protected set; }

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
            if (text is null)
                continue;
            if (_isGreeted)
                OnMessage(text);
            else if (text != MultistreamCodec.Header)
                Failure = "it does not negotiate by multistream-select 1.0";
            _isGreeted = true;
        }
    }

    private protected void Say(string message) => MultistreamCodec.Write(_output, message);

    /// <summary>A message after the greeting.</summary>
    private protected abstract void OnMessage(string text);
}
