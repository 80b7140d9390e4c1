namespace Compeer.Formats.Bencoding;

/// <summary>
/// Turns bytes into a flat array of tokens without recursion. Memory is taken only as bytes justify it: a token needs
/// at least two bytes of input.
/// </summary>
internal ref struct BencodeParser
{
    private readonly ReadOnlyMemory<byte> _memory;
    private readonly ReadOnlySpan<byte> _data;
    private readonly BencodeLimits _limits;
    private readonly List<Frame> _open = new(8);
    private BencodeToken[] _tokens;
    private int _count;
    private int _position;

    public BencodeParser(ReadOnlyMemory<byte> data, BencodeLimits limits)
    {
        _memory = data;
        _data = data.Span;
        _limits = limits;
        _tokens = new BencodeToken[Math.Clamp(data.Length / 16, 4, 4096)];
    }

    /// <summary>Keys in ascending order and integers and lengths in their shortest form, so far.</summary>
    public bool IsCanonical { get; private set; } = true;

    /// <summary>Bytes of the value, once parsed.</summary>
    public readonly int Consumed => _position;

    /// <summary>The tokens, once parsed.</summary>
    public readonly BencodeToken[] Tokens => _tokens;

    /// <summary>Parses one value from the start of the data.</summary>
    public BencodeError Parse()
    {
        if (_data.Length > _limits.MaxBytes)
            return new BencodeError(BencodeErrorCode.TooLarge, _limits.MaxBytes);
        do
        {
            if (_position >= _data.Length)
                return new BencodeError(BencodeErrorCode.Truncated, _position);
            BencodeErrorCode code = Step();
            if (code != BencodeErrorCode.None)
                return new BencodeError(code, _position);
        }
        while (_open.Count > 0);
        return default;
    }

    private BencodeErrorCode Step()
    {
        byte first = _data[_position];
        if (first == 'e')
            return Close();
        if (_count >= _limits.MaxTokens)
            return BencodeErrorCode.TooManyTokens;
        bool keyExpected = _open.Count > 0 && _open[^1] is { IsDictionary: true, HasKey: false };
        if (keyExpected && first is not (>= (byte)'0' and <= (byte)'9'))
            return BencodeErrorCode.KeyNotString;
        return first switch
        {
            (byte)'i' => ReadInteger(),
            (byte)'l' or (byte)'d' => Open(first == 'd'),
            >= (byte)'0' and <= (byte)'9' => ReadString(keyExpected),
            _ => BencodeErrorCode.UnexpectedByte,
        };
    }

    private BencodeErrorCode Open(bool dictionary)
    {
        if (_open.Count >= _limits.MaxDepth)
            return BencodeErrorCode.TooDeep;
        int index = Add(dictionary ? BencodeKind.Dictionary : BencodeKind.List, _position, 0, 0);
        CountValue();
        _open.Add(new Frame(index, dictionary));
        _position++;
        return BencodeErrorCode.None;
    }

    private BencodeErrorCode Close()
    {
        if (_open.Count == 0)
            return BencodeErrorCode.UnexpectedByte;
        Frame frame = _open[^1];
        if (frame.HasKey)
            return BencodeErrorCode.MissingValue;
        _open.RemoveAt(_open.Count - 1);
        _position++;
        ref BencodeToken token = ref _tokens[frame.Token];
        token.End = _position;
        token.Next = _count;
        return frame.IsUnsorted && HasDuplicate(frame.Token) ? BencodeErrorCode.DuplicateKey : BencodeErrorCode.None;
    }

    private BencodeErrorCode ReadInteger()
    {
        int start = _position;
        int length = _data[(start + 1)..].IndexOf((byte)'e');
        if (length < 0)
            return _data.Length - start > 22 ? BencodeErrorCode.BadInteger : BencodeErrorCode.Truncated;
        ReadOnlySpan<byte> digits = _data.Slice(start + 1, length);
        if (!BencodeNumber.TryParse(digits, out _, out bool minimal))
            return BencodeErrorCode.BadInteger;
        IsCanonical &= minimal;
        _position = start + length + 2;
        Add(BencodeKind.Integer, start, _position, 0);
        CountValue();
        return BencodeErrorCode.None;
    }

    private BencodeErrorCode ReadString(bool isKey)
    {
        int start = _position;
        long length = 0;
        int at = start;
        for (; at < _data.Length && _data[at] != ':'; at++)
        {
            if (_data[at] is not (>= (byte)'0' and <= (byte)'9') || at - start >= 10)
                return BencodeErrorCode.BadLength;
            length = length * 10 + (_data[at] - '0');
        }
        if (at == _data.Length)
            return BencodeErrorCode.Truncated;
        if (length > _data.Length - at - 1)
            return BencodeErrorCode.BadLength;
        IsCanonical &= _data[start] != '0' || at == start + 1;
        _position = at + 1 + (int)length;
        int index = Add(BencodeKind.String, start, _position, (int)length);
        if (isKey)
            return TakeKey(index, start);
        CountValue();
        return BencodeErrorCode.None;
    }

    private BencodeErrorCode TakeKey(int index, int start)
    {
        Frame frame = _open[^1];
        if (frame.LastKey >= 0)
        {
            int order = Payload(frame.LastKey).SequenceCompareTo(Payload(index));
            if (order == 0)
            {
                _position = start;
                return BencodeErrorCode.DuplicateKey;
            }
            if (order > 0)
            {
                frame.IsUnsorted = true;
                IsCanonical = false;
            }
        }
        frame.LastKey = index;
        frame.HasKey = true;
        _open[^1] = frame;
        return BencodeErrorCode.None;
    }

    /// <summary>The value just read belongs to the innermost open container.</summary>
    private void CountValue()
    {
        if (_open.Count == 0)
            return;
        Frame frame = _open[^1];
        frame.HasKey = false;
        _open[^1] = frame;
        _tokens[frame.Token].Size++;
    }

    private readonly bool HasDuplicate(int dictionary)
    {
        var keys = new List<int>(_tokens[dictionary].Size);
        for (int key = dictionary + 1; key < _tokens[dictionary].Next; key = _tokens[key + 1].Next)
            keys.Add(key);
        BencodeToken[] tokens = _tokens;
        ReadOnlyMemory<byte> data = _memory;
        ReadOnlySpan<byte> PayloadOf(int t) => data.Span.Slice(tokens[t].End - tokens[t].Size, tokens[t].Size);
        keys.Sort((a, b) => PayloadOf(a).SequenceCompareTo(PayloadOf(b)));
        for (int i = 1; i < keys.Count; i++)
        {
            if (PayloadOf(keys[i - 1]).SequenceEqual(PayloadOf(keys[i])))
                return true;
        }
        return false;
    }

    private readonly ReadOnlySpan<byte> Payload(int token) => _data.Slice(_tokens[token].End - _tokens[token].Size, _tokens[token].Size);

    private int Add(BencodeKind kind, int start, int end, int size)
    {
        if (_count == _tokens.Length)
            Array.Resize(ref _tokens, (int)Math.Min(_count * 2L, Math.Max(_limits.MaxTokens, _count + 1)));
        _tokens[_count] = new BencodeToken { Kind = kind, Start = start, End = end, Size = size, Next = _count + 1 };
        return _count++;
    }

    private struct Frame(int token, bool isDictionary)
    {
        public readonly int Token = token;
        public readonly bool IsDictionary = isDictionary;
        public bool HasKey;
        public bool IsUnsorted;
        public int LastKey = -1;
    }
}
