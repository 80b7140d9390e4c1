using System.Buffers.Binary;
using System.Numerics;

namespace Compeer.Protocols.PrivateNetworks;

/// <summary>
/// The stream cipher of private networks: bytes are xored with a stream that key and nonce give. It keeps strangers out and no secret from a
/// member; what is secret passes encrypted inside. Single-threaded. Spec: D. J. Bernstein, "Extending the Salsa20 nonce".
/// </summary>
public sealed class XSalsa20
{
    /// <summary>Bytes of the nonce.</summary>
    public const int NonceBytes = 24;

    private const int BlockBytes = 64;

    // "expand 32-byte k", on the diagonal.
    private static ReadOnlySpan<uint> Constants => [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574];

    private readonly uint[] _state = new uint[16];
    private readonly byte[] _block = new byte[BlockBytes];
    private int _used = BlockBytes;

    internal XSalsa20(ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(nonce.Length, NonceBytes);
        // The first 16 bytes of the nonce make a key of their own (HSalsa20); the other 8 are Salsa20's nonce.
        Span<uint> first = stackalloc uint[16];
        Fill(first, key, nonce[..16]);
        Rounds(first);
        Span<byte> inner = stackalloc byte[32];
        ReadOnlySpan<int> taken = [0, 5, 10, 15, 6, 7, 8, 9];
        for (int i = 0; i < taken.Length; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(inner[(4 * i)..], first[taken[i]]);
        Span<byte> position = stackalloc byte[16];
        position.Clear();
        nonce[16..].CopyTo(position);
        Fill(_state, inner, position);
    }

    /// <summary>Encrypts or decrypts what comes next in the stream, in place.</summary>
    public void Apply(Span<byte> data)
    {
        while (data.Length > 0)
        {
            if (_used == BlockBytes)
                NextBlock();
            int length = Math.Min(BlockBytes - _used, data.Length);
            for (int i = 0; i < length; i++)
                data[i] ^= _block[_used + i];
            _used += length;
            data = data[length..];
        }
    }

    private static void Fill(Span<uint> state, ReadOnlySpan<byte> key, ReadOnlySpan<byte> input)
    {
        for (int i = 0; i < 4; i++)
        {
            state[5 * i] = Constants[i];
            state[1 + i] = BinaryPrimitives.ReadUInt32LittleEndian(key[(4 * i)..]);
            state[6 + i] = BinaryPrimitives.ReadUInt32LittleEndian(input[(4 * i)..]);
            state[11 + i] = BinaryPrimitives.ReadUInt32LittleEndian(key[(16 + (4 * i))..]);
        }
    }

    private void NextBlock()
    {
        Span<uint> mixed = stackalloc uint[16];
        _state.CopyTo(mixed);
        Rounds(mixed);
        for (int i = 0; i < 16; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(_block.AsSpan(4 * i), mixed[i] + _state[i]);
        if (++_state[8] == 0)
            _state[9]++;
        _used = 0;
    }

    private static void Rounds(Span<uint> x)
    {
        for (int round = 0; round < 10; round++)
        {
            Quarter(x, 0, 4, 8, 12);
            Quarter(x, 5, 9, 13, 1);
            Quarter(x, 10, 14, 2, 6);
            Quarter(x, 15, 3, 7, 11);
            Quarter(x, 0, 1, 2, 3);
            Quarter(x, 5, 6, 7, 4);
            Quarter(x, 10, 11, 8, 9);
            Quarter(x, 15, 12, 13, 14);
        }
    }

    private static void Quarter(Span<uint> x, int a, int b, int c, int d)
    {
        x[b] ^= BitOperations.RotateLeft(x[a] + x[d], 7);
        x[c] ^= BitOperations.RotateLeft(x[b] + x[a], 9);
        x[d] ^= BitOperations.RotateLeft(x[c] + x[b], 13);
        x[a] ^= BitOperations.RotateLeft(x[d] + x[c], 18);
    }
}
