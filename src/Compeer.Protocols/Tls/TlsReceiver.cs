using System.Buffers.Binary;

namespace Compeer.Protocols.Tls;

/// <summary>
/// What a connection of TLS 1.3 receives once its handshake is over: opens records, follows updates of keys, passes over session tickets
/// and understands alerts. Holds four bytes of a message that comes in parts, whatever its length. Never throws on what it receives.
/// </summary>
/// <remarks>
/// Spec: RFC 8446, section 4.6 (messages after the handshake), 5.1, 5.4 and 6 (alerts). Stricter than it: 32 records in a row that carry
/// nothing end the connection, as does every alert but close_notify.
/// </remarks>
/// <param name="cipher">Opens the records; disposed of with this.</param>
/// <param name="isClient">Whether we dialled: only then may tickets come.</param>
public sealed class TlsReceiver(TlsRecordCipher cipher, bool isClient) : IDisposable
{
    /// <summary>How many records in a row may carry nothing for the application.</summary>
    public const int MaxWithoutData = 32;

    private const int MessageHeaderBytes = 4;
    private const byte NewSessionTicket = 4;
    private const byte KeyUpdate = 24;
    private const byte CloseNotify = 0;

    /// <summary>The longest ticket: RFC 8446, section 4.6.1.</summary>
    private const int MaxTicketBytes = 4 + 4 + 1 + byte.MaxValue + 2 + ushort.MaxValue + 2 + ushort.MaxValue - 1;

    private readonly byte[] _header = new byte[MessageHeaderBytes];
    private int _headerBytes;
    private int _ticketLeft;
    private int _withoutData;
    private bool _isOver;

    /// <summary>The remote wants our keys updated before more application data of ours; set until <see cref="TakeUpdateRequest"/>, whatever it asks again.</summary>
    public bool IsUpdateRequested { get; private set; }

    /// <summary>Gives whether an update was asked for, and forgets it.</summary>
    public bool TakeUpdateRequest()
    {
        bool isRequested = IsUpdateRequested;
        IsUpdateRequested = false;
        return isRequested;
    }

    /// <summary>Opens a whole record.</summary>
    /// <param name="record">The record with its header.</param>
    /// <param name="target">Of exactly <see cref="TlsRecordCipher.InnerBytes"/>; may be where the sealed part lies.</param>
    /// <param name="length">How many bytes at its beginning are for the application.</param>
    public TlsOpened Open(ReadOnlySpan<byte> record, Span<byte> target, out int length)
    {
        length = 0;
        if (_isOver)
            return TlsOpened.Broken;
        TlsOpened opened = TlsOpened.Broken;
        if (cipher.TryOpen(record, target, out TlsContentType type, out int content))
        {
            opened = type switch
            {
                // The parts of a message come one after the other.
                TlsContentType.ApplicationData when _headerBytes == 0 && _ticketLeft == 0 => content > 0 ? TlsOpened.Data : TlsOpened.Nothing,
                TlsContentType.Handshake => OnHandshake(target[..content]),
                TlsContentType.Alert => OnAlert(target[..content]),
                _ => TlsOpened.Broken,
            };
        }
        if (opened == TlsOpened.Data)
            length = content;
        _withoutData = opened == TlsOpened.Nothing ? _withoutData + 1 : 0;
        if (_withoutData > MaxWithoutData)
            opened = TlsOpened.Broken;
        _isOver = opened is TlsOpened.Broken or TlsOpened.End;
        return opened;
    }

    public void Dispose() => cipher.Dispose();

    private TlsOpened OnAlert(ReadOnlySpan<byte> alert) =>
        alert.Length == 2 && alert[1] == CloseNotify && _headerBytes == 0 && _ticketLeft == 0 ? TlsOpened.End : TlsOpened.Broken;

    private TlsOpened OnHandshake(ReadOnlySpan<byte> messages)
    {
        if (messages.IsEmpty)
            return TlsOpened.Broken;
        while (!messages.IsEmpty)
        {
            if (_ticketLeft > 0)
            {
                int passed = Math.Min(_ticketLeft, messages.Length);
                _ticketLeft -= passed;
                messages = messages[passed..];
                continue;
            }
            int taken = Math.Min(MessageHeaderBytes - _headerBytes, messages.Length);
            messages[..taken].CopyTo(_header.AsSpan(_headerBytes));
            _headerBytes += taken;
            messages = messages[taken..];
            if (_headerBytes < MessageHeaderBytes)
                break;
            int length = (int)(BinaryPrimitives.ReadUInt32BigEndian(_header) & 0xFFFFFF);
            if (_header[0] == KeyUpdate)
                return OnKeyUpdate(length, messages);
            if (_header[0] != NewSessionTicket || !isClient || length is 0 or > MaxTicketBytes)
                return TlsOpened.Broken;
            (_ticketLeft, _headerBytes) = (length, 0);
        }
        return TlsOpened.Nothing;
    }

    /// <summary>Nothing may follow it under the old key, so it ends its record; and it is too short to come in parts from anyone but an attacker.</summary>
    private TlsOpened OnKeyUpdate(int length, ReadOnlySpan<byte> body)
    {
        if (length != 1 || body.Length != 1 || body[0] > 1)
            return TlsOpened.Broken;
        _headerBytes = 0;
        IsUpdateRequested |= body[0] == 1;
        cipher.Advance();
        return TlsOpened.Nothing;
    }
}
