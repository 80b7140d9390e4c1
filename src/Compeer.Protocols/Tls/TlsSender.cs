namespace Compeer.Protocols.Tls;

/// <summary>What a connection of TLS 1.3 sends once its handshake is over: application data in full records, and updates of its own key.</summary>
/// <remarks>Spec: RFC 8446, section 4.6.3 (KeyUpdate) and 5.5.</remarks>
/// <param name="cipher">Seals the records; disposed of with this.</param>
/// <param name="recordsPerKey">After so many records the key is updated; at most <see cref="TlsRecordCipher.MaxRecordsPerKey"/>.</param>
public sealed class TlsSender(TlsRecordCipher cipher, long recordsPerKey = TlsRecordCipher.MaxRecordsPerKey) : IDisposable
{
    /// <summary>Length of a record with an update of the key.</summary>
    public const int UpdateBytes = 5 + TlsRecordCipher.OverheadBytes;

    /// <summary>KeyUpdate, update_not_requested.</summary>
    private static ReadOnlySpan<byte> KeyUpdate => [24, 0, 0, 1, 0];

    private readonly long _recordsPerKey = Math.Clamp(recordsPerKey, 1, TlsRecordCipher.MaxRecordsPerKey);

    /// <summary>The key has sealed as many records as it should.</summary>
    public bool IsKeyWorn => cipher.RecordsOfKey >= _recordsPerKey;

    /// <summary>Length of the records for so much data.</summary>
    public static int RecordsBytes(int dataBytes) =>
        dataBytes + ((dataBytes + TlsRecordCipher.MaxContentBytes - 1) / TlsRecordCipher.MaxContentBytes * TlsRecordCipher.OverheadBytes);

    /// <summary>Writes a record that tells of the next key, goes to that key, and gives the record's length.</summary>
    public int WriteUpdate(Span<byte> target)
    {
        int length = cipher.Seal(TlsContentType.Handshake, KeyUpdate, target);
        cipher.Advance();
        return length;
    }

    /// <summary>Writes data as records and gives their length.</summary>
    /// <param name="data">What is to be sent.</param>
    /// <param name="target">At least <see cref="RecordsBytes"/> long.</param>
    public int Write(ReadOnlySpan<byte> data, Span<byte> target)
    {
        int length = 0;
        while (!data.IsEmpty)
        {
            ReadOnlySpan<byte> content = data[..Math.Min(data.Length, TlsRecordCipher.MaxContentBytes)];
            length += cipher.Seal(TlsContentType.ApplicationData, content, target[length..]);
            data = data[content.Length..];
        }
        return length;
    }

    public void Dispose() => cipher.Dispose();
}
