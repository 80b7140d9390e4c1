using Compeer.Formats.Bencoding;

namespace Compeer.Simulator.Worlds.MainlineDht;

/// <summary>What a hostile node needs to read of a question. Views of the datagram.</summary>
internal ref struct KrpcQuestion
{
    public ReadOnlySpan<byte> Transaction;
    public ReadOnlySpan<byte> Method;
    public ReadOnlySpan<byte> Target;

    public static bool TryRead(ReadOnlySpan<byte> datagram, out KrpcQuestion question)
    {
        question = default;
        KrpcQuestion read = default;
        var reader = new BencodeReader(datagram);
        if (!reader.TryBeginDictionary())
            return false;
        while (!reader.TryEnd())
        {
            if (!reader.TryReadString(out ReadOnlySpan<byte> key))
                return false;
            bool understood = key switch
            {
                [(byte)'t'] => reader.TryReadString(out read.Transaction),
                [(byte)'q'] => reader.TryReadString(out read.Method),
                [(byte)'a'] => read.TryReadArguments(ref reader),
                _ => reader.TrySkip(out _),
            };
            if (!understood)
                return false;
        }
        question = read;
        return !question.Method.IsEmpty && !question.Transaction.IsEmpty;
    }

    private bool TryReadArguments(scoped ref BencodeReader reader)
    {
        if (!reader.TryBeginDictionary())
            return false;
        while (!reader.TryEnd())
        {
            if (!reader.TryReadString(out ReadOnlySpan<byte> key))
                return false;
            bool isTarget = key.SequenceEqual("target"u8) || key.SequenceEqual("info_hash"u8);
            if (!(isTarget ? reader.TryReadString(out Target) : reader.TrySkip(out _)))
                return false;
        }
        return true;
    }
}
