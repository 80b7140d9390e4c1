using System.Text;
using System.Text.Unicode;

namespace Compeer.Protocols.MultistreamSelect;

/// <summary>Puts messages together from bytes that are cut anywhere, and asks for no byte beyond the message: what follows belongs to the protocol that is agreed on.</summary>
internal sealed class NegotiationReader
{
    private byte[] _message = new byte[64];
    private int _count;
    private int _length;
    private int _lengthBytes;
    private bool _isLengthKnown;

    /// <summary>What is wrong with what came, as a clause; null while all is well.</summary>
    public string? Fault { get; private set; }

    /// <summary>Bytes that surely belong to the current message; at least 1.</summary>
    public int BytesNeeded => _isLengthKnown ? _length - _count : 1;

    /// <summary>Takes at most <see cref="BytesNeeded"/> bytes; gives the text when the message is complete.</summary>
    public string? Take(ReadOnlySpan<byte> data)
    {
        if (!_isLengthKnown)
        {
            TakeLength(data[0]);
            return null;
        }
        data.CopyTo(_message.AsSpan(_count));
        _count += data.Length;
        if (_count < _length)
            return null;
        ReadOnlySpan<byte> text = _message.AsSpan(0, _length - 1);
        bool isText = _message[_length - 1] == (byte)'\n' && !text.Contains((byte)'\n') && Utf8.IsValid(text);
        (_count, _length, _lengthBytes, _isLengthKnown) = (0, 0, 0, false);
        if (isText)
            return Encoding.UTF8.GetString(text);
        Fault = "a message of the negotiation is not one line of UTF-8";
        return null;
    }

    private void TakeLength(byte next)
    {
        _length |= (next & 0x7F) << (7 * _lengthBytes++);
        bool isLast = (next & 0x80) == 0;
        if (_length > MultistreamCodec.MaxMessageBytes || (!isLast && _lengthBytes == MultistreamCodec.MaxLengthBytes))
            Fault = $"a message of the negotiation is longer than {MultistreamCodec.MaxMessageBytes} bytes";
        else if (isLast && (_length == 0 || (_lengthBytes > 1 && next == 0)))
            Fault = "a message of the negotiation has an impossible length";
        else if (isLast)
        {
            _isLengthKnown = true;
            if (_message.Length < _length)
                _message = new byte[_length];
        }
    }
}
