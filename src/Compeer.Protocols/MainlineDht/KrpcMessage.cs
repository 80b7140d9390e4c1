using Compeer.Formats.Bencoding;
using Compeer.Protocols.Kademlia;

namespace Compeer.Protocols.MainlineDht;

/// <summary>What a KRPC message is.</summary>
internal enum KrpcKind : byte
{
    Query,
    Reply,
    Error,
}

/// <summary>One decoded KRPC message: views of the datagram, nothing copied. What is absent is empty, null or 0.</summary>
/// <remarks>Spec: BEP 5, "KRPC protocol"; BEP 32 (want, nodes6), 33 (seed, scrape), 42 (ip), 43 (ro), 44 (k, sig, v, ...), 51 (samples).</remarks>
internal ref struct KrpcMessage
{
    public KrpcKind Kind;
    public ReadOnlySpan<byte> Transaction;
    public ReadOnlySpan<byte> Method;
    public ReadOnlySpan<byte> Ip;
    public bool IsReadOnly;
    public long ErrorCode;

    public ReadOnlySpan<byte> Id;
    public ReadOnlySpan<byte> Target;
    public ReadOnlySpan<byte> InfoHash;
    public ReadOnlySpan<byte> Nodes;
    public ReadOnlySpan<byte> Nodes6;
    public ReadOnlySpan<byte> Values;
    public ReadOnlySpan<byte> Token;
    public ReadOnlySpan<byte> Value;
    public ReadOnlySpan<byte> PublicKey;
    public ReadOnlySpan<byte> Signature;
    public ReadOnlySpan<byte> Salt;
    public ReadOnlySpan<byte> SeedFilter;
    public ReadOnlySpan<byte> PeerFilter;
    public ReadOnlySpan<byte> Samples;
    public long? Sequence;
    public long? CompareAndSwap;
    public long Port;
    public long Interval;
    public long Number;
    public bool ImpliedPort;
    public bool IsSeed;
    public bool NoSeed;
    public bool Scrape;
    public bool WantsV4;
    public bool WantsV6;

    /// <summary>Decodes a datagram; false when it is not a KRPC message with a transaction and, unless it is an error, a node id.</summary>
    public static bool TryRead(ReadOnlySpan<byte> datagram, out KrpcMessage message)
    {
        message = default;
        KrpcMessage read = default;
        var reader = new BencodeReader(datagram);
        if (!reader.TryBeginDictionary())
            return false;
        ReadOnlySpan<byte> kind = default;
        bool hasBody = false;
        while (!reader.TryEnd())
        {
            if (!reader.TryReadString(out ReadOnlySpan<byte> key))
                return false;
            bool understood = key switch
            {
                [(byte)'t'] => reader.TryReadString(out read.Transaction),
                [(byte)'y'] => reader.TryReadString(out kind),
                [(byte)'q'] => reader.TryReadString(out read.Method),
                [(byte)'a'] or [(byte)'r'] => hasBody = read.TryReadBody(ref reader),
                [(byte)'e'] => read.TryReadError(ref reader),
                [(byte)'i', (byte)'p'] => reader.TryReadString(out read.Ip) || reader.TrySkip(out _),
                [(byte)'r', (byte)'o'] => read.TryReadReadOnly(ref reader),
                _ => reader.TrySkip(out _),
            };
            if (!understood)
                return false;
        }
        if (kind.Length != 1 || read.Transaction.IsEmpty || read.Transaction.Length > 32)
            return false;
        message = read;
        switch (kind[0])
        {
            case (byte)'q':
                message.Kind = KrpcKind.Query;
                return hasBody && !message.Method.IsEmpty && message.Id.Length == Key160.LengthBytes;
            case (byte)'r':
                message.Kind = KrpcKind.Reply;
                return hasBody && message.Id.Length == Key160.LengthBytes;
            case (byte)'e':
                message.Kind = KrpcKind.Error;
                return true;
            default:
                return false;
        }
    }

    private bool TryReadBody(scoped ref BencodeReader reader)
    {
        if (!reader.TryBeginDictionary())
            return false;
        while (!reader.TryEnd())
        {
            if (!reader.TryReadString(out ReadOnlySpan<byte> key) || !TryReadField(key, ref reader))
                return false;
        }
        return true;
    }

    private bool TryReadField(ReadOnlySpan<byte> key, scoped ref BencodeReader reader)
    {
        if (key.SequenceEqual("v"u8))
            return reader.TrySkip(out Value);
        if (key.SequenceEqual("values"u8))
            return reader.TrySkip(out Values);
        if (key.SequenceEqual("want"u8))
            return TryReadWant(ref reader);
        if (reader.TryReadString(out ReadOnlySpan<byte> text))
        {
            TakeString(key, text);
            return true;
        }
        if (reader.TryReadInteger(out long number))
        {
            TakeInteger(key, number);
            return true;
        }
        return reader.TrySkip(out _);
    }

    private void TakeString(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (key.SequenceEqual("id"u8))
            Id = value;
        else if (key.SequenceEqual("target"u8))
            Target = value;
        else if (key.SequenceEqual("info_hash"u8))
            InfoHash = value;
        else if (key.SequenceEqual("nodes"u8))
            Nodes = value;
        else if (key.SequenceEqual("nodes6"u8))
            Nodes6 = value;
        else if (key.SequenceEqual("token"u8))
            Token = value;
        else if (key.SequenceEqual("k"u8))
            PublicKey = value;
        else if (key.SequenceEqual("sig"u8))
            Signature = value;
        else if (key.SequenceEqual("salt"u8))
            Salt = value;
        else if (key.SequenceEqual("BFsd"u8))
            SeedFilter = value;
        else if (key.SequenceEqual("BFpe"u8))
            PeerFilter = value;
        else if (key.SequenceEqual("samples"u8))
            Samples = value;
    }

    private void TakeInteger(ReadOnlySpan<byte> key, long value)
    {
        if (key.SequenceEqual("port"u8))
            Port = value;
        else if (key.SequenceEqual("implied_port"u8))
            ImpliedPort = value != 0;
        else if (key.SequenceEqual("seed"u8))
            IsSeed = value == 1;
        else if (key.SequenceEqual("noseed"u8))
            NoSeed = value == 1;
        else if (key.SequenceEqual("scrape"u8))
            Scrape = value == 1;
        else if (key.SequenceEqual("seq"u8))
            Sequence = value;
        else if (key.SequenceEqual("cas"u8))
            CompareAndSwap = value;
        else if (key.SequenceEqual("interval"u8))
            Interval = value;
        else if (key.SequenceEqual("num"u8))
            Number = value;
    }

    private bool TryReadWant(scoped ref BencodeReader reader)
    {
        if (!reader.TryBeginList())
            return reader.TrySkip(out _);
        while (!reader.TryEnd())
        {
            if (reader.TryReadString(out ReadOnlySpan<byte> want))
            {
                WantsV4 |= want.SequenceEqual("n4"u8);
                WantsV6 |= want.SequenceEqual("n6"u8);
            }
            else if (!reader.TrySkip(out _))
            {
                return false;
            }
        }
        return true;
    }

    private bool TryReadError(scoped ref BencodeReader reader)
    {
        if (!reader.TryBeginList())
            return reader.TrySkip(out _);
        bool first = true;
        while (!reader.TryEnd())
        {
            if (first && reader.TryReadInteger(out ErrorCode))
                first = false;
            else if (!reader.TrySkip(out _))
                return false;
        }
        return true;
    }

    private bool TryReadReadOnly(scoped ref BencodeReader reader)
    {
        bool isNumber = reader.TryReadInteger(out long value);
        IsReadOnly = isNumber && value == 1;
        return isNumber || reader.TrySkip(out _);
    }
}
