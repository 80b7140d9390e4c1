using System.Buffers;
using Compeer.Formats.Hashing;
using Compeer.Protocols.MessageStreamEncryption;

namespace Compeer.Tests.MessageStreamEncryption;

/// <summary>Both sides of a handshake, with the bytes that passed and what was left of each side's stream.</summary>
internal sealed class HandshakePair
{
    public static readonly Sha1Hash Torrent = Sha1Hash.Of("a torrent"u8);

    public HandshakePair(EncryptionOptions? initiator = null, EncryptionOptions? responder = null, byte[]? payload = null, Sha1Hash? asked = null, int seed = 1)
    {
        A = EncryptionHandshake.Initiate(initiator ?? new(), asked ?? Torrent, payload ?? "hello"u8, new Random(seed));
        B = EncryptionHandshake.Respond(responder ?? new(), Find(Torrent), new Random(seed + 1));
    }

    public EncryptionHandshake A { get; }

    public EncryptionHandshake B { get; }

    public List<byte> FromA { get; } = [];

    public List<byte> FromB { get; } = [];

    public static Func<Sha1Hash, Sha1Hash?> Find(params Sha1Hash[] torrents)
    {
        Dictionary<Sha1Hash, Sha1Hash> table = torrents.ToDictionary(EncryptionKeys.RequestedKey);
        return key => table.TryGetValue(key, out Sha1Hash found) ? found : null;
    }

    public static EncryptionOptions Padding(int length) => new() { MinPaddingBytes = length, MaxPaddingBytes = length, MaxAnswerPaddingBytes = length };

    public static byte[] Take(EncryptionHandshake side)
    {
        var output = new ArrayBufferWriter<byte>();
        return side.TryTransmit(output) ? output.WrittenSpan.ToArray() : [];
    }

    /// <summary>Feeds <paramref name="data"/> in pieces of <paramref name="step"/> bytes; what the handshake left of it.</summary>
    public static byte[] Feed(EncryptionHandshake side, ReadOnlySpan<byte> data, int step)
    {
        var left = new List<byte>();
        while (!data.IsEmpty)
        {
            ReadOnlySpan<byte> piece = data[..Math.Min(step, data.Length)];
            data = data[piece.Length..];
            if (side.Session is null && side.Closed is null)
                side.Receive(ref piece);
            left.AddRange(piece);
        }
        return [.. left];
    }

    /// <summary>Runs to the end, every delivery cut into pieces of <paramref name="step"/> bytes.</summary>
    public void Run(int step = int.MaxValue)
    {
        while (true)
        {
            byte[] fromA = Take(A), fromB = Take(B);
            if (fromA.Length + fromB.Length == 0)
                return;
            FromA.AddRange(fromA);
            FromB.AddRange(fromB);
            Assert.True(Feed(B, fromA, step).Length == 0 || B.Closed is not null);
            Assert.True(Feed(A, fromB, step).Length == 0 || A.Closed is not null);
        }
    }
}
