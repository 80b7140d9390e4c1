using System.Buffers.Binary;
using System.Security.Cryptography;
using Compeer.Protocols.Sealing;

namespace Compeer.Protocols.Tls;

/// <summary>
/// Seals or opens the records of one direction once a handshake of TLS 1.3 is over: its key and the number of the next record. Allocates
/// nothing per record. After a record that does not open, nothing more may be opened.
/// </summary>
/// <remarks>
/// Spec: RFC 8446, section 5.2 (protection), 5.3 (nonce), 5.5 (how long a key may be used). A record on the wire, lengths in bytes:
/// <code>
/// | 23: 1 | 3, 3: 2 | length of the rest, big-endian: 2 | sealed: content, its type: 1, zeros | tag: 16 |
/// </code>
/// </remarks>
public sealed class TlsRecordCipher : IDisposable
{
    /// <summary>Length of what precedes a sealed part.</summary>
    public const int HeaderBytes = 5;

    /// <summary>Length of a record's tag.</summary>
    public const int TagBytes = IAead.TagBytes;

    /// <summary>Most content that one record carries.</summary>
    public const int MaxContentBytes = 16 * 1024;

    /// <summary>What a record without padding is longer than its content.</summary>
    public const int OverheadBytes = HeaderBytes + 1 + TagBytes;

    /// <summary>After so many records a key of AES-GCM is to be replaced: full ones with it come close to the limit of RFC 8446.</summary>
    public const long MaxRecordsPerKey = 1L << 24;

    private readonly AeadFactory _aeads;
    private readonly AeadAlgorithm _algorithm;
    private readonly TlsTrafficSecret _secret;
    private readonly byte[] _vector = new byte[IAead.NonceBytes];
    private IAead _aead;
    private ulong _number;

    /// <summary>Begins with record 0 of a secret, which is copied.</summary>
    /// <exception cref="ArgumentException">The secret has not the length of the suite's hash.</exception>
    public TlsRecordCipher(AeadFactory aeads, TlsCipherSuite suite, ReadOnlySpan<byte> secret)
    {
        _aeads = aeads;
        _algorithm = suite == TlsCipherSuite.ChaCha20Poly1305Sha256 ? AeadAlgorithm.ChaCha20Poly1305 : AeadAlgorithm.AesGcm;
        _secret = new TlsTrafficSecret(suite, secret);
        _aead = TakeKey();
    }

    /// <summary>Records sealed or opened with the key.</summary>
    public long RecordsOfKey => (long)_number;

    /// <summary>Length of the record that begins here, its header included; 0 while the header is not whole.</summary>
    public static int RecordBytes(ReadOnlySpan<byte> data) =>
        data.Length < HeaderBytes ? 0 : HeaderBytes + BinaryPrimitives.ReadUInt16BigEndian(data[3..]);

    /// <summary>Writes content as one record without padding and gives the record's length.</summary>
    /// <exception cref="ArgumentException">Too much for one record, or too little room for it.</exception>
    public int Seal(TlsContentType type, ReadOnlySpan<byte> content, Span<byte> record)
    {
        if (content.Length > MaxContentBytes || record.Length < content.Length + OverheadBytes)
            throw new ArgumentException($"{content.Length} bytes do not fit a record of {record.Length}.", nameof(content));
        Span<byte> header = record[..HeaderBytes];
        (header[0], header[1], header[2]) = ((byte)TlsContentType.ApplicationData, 3, 3);
        BinaryPrimitives.WriteUInt16BigEndian(header[3..], (ushort)(content.Length + 1 + TagBytes));
        Span<byte> nonce = stackalloc byte[IAead.NonceBytes];
        WriteNonce(nonce);
        _aead.Seal(nonce, header, content, [(byte)type], record[HeaderBytes..(content.Length + OverheadBytes)]);
        _number++;
        return content.Length + OverheadBytes;
    }

    /// <summary>Length of what <see cref="TryOpen"/> writes for a whole record: the content, its type and padding; -1 when no such record may be sent.</summary>
    public static int InnerBytes(ReadOnlySpan<byte> record)
    {
        int length = record.Length - HeaderBytes - TagBytes;
        return record[0] == (byte)TlsContentType.ApplicationData && record[1] == 3 && record[2] == 3 && length is >= 1 and <= MaxContentBytes + 1 ? length : -1;
    }

    /// <summary>Opens a whole record into a target of exactly its <see cref="InnerBytes"/>, which may be where the sealed part lies. False when it is forged or names no type.</summary>
    /// <param name="record">The record with its header.</param>
    /// <param name="target">Takes the content, and behind it the type and padding, or zeros when the record is forged.</param>
    /// <param name="type">What it carries; not checked.</param>
    /// <param name="length">Length of the content.</param>
    public bool TryOpen(ReadOnlySpan<byte> record, Span<byte> target, out TlsContentType type, out int length)
    {
        (type, length) = (default, 0);
        Span<byte> nonce = stackalloc byte[IAead.NonceBytes];
        WriteNonce(nonce);
        if (!_aead.TryOpen(nonce, record[..HeaderBytes], record[HeaderBytes..], target))
            return false;
        _number++;
        int last = target.LastIndexOfAnyExcept((byte)0);
        if (last < 0)
            return false;
        (type, length) = ((TlsContentType)target[last], last);
        return true;
    }

    /// <summary>Goes to the next key: the other side does so as well, at the same record.</summary>
    public void Advance()
    {
        _secret.Advance();
        _aead.Dispose();
        _aead = TakeKey();
        _number = 0;
    }

    public void Dispose()
    {
        _secret.Dispose();
        _aead.Dispose();
    }

    private IAead TakeKey()
    {
        byte[] key = _secret.Key();
        _secret.WriteVector(_vector);
        IAead aead = _aeads(_algorithm, key);
        CryptographicOperations.ZeroMemory(key);
        return aead;
    }

    /// <summary>The vector with the record's number added bit by bit at its end. A key is replaced long before the numbers end.</summary>
    private void WriteNonce(Span<byte> nonce)
    {
        if (_number == ulong.MaxValue)
            throw new InvalidOperationException("All numbers of records are used.");
        _vector.CopyTo(nonce);
        BinaryPrimitives.WriteUInt64BigEndian(nonce[4..], BinaryPrimitives.ReadUInt64BigEndian(nonce[4..]) ^ _number);
    }
}
