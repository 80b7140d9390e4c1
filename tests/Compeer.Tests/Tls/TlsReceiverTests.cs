using Compeer.Protocols.Tls;

namespace Compeer.Tests.Tls;

/// <summary>What a remote may send after the handshake, and what ends the connection.</summary>
public sealed class TlsReceiverTests
{
    private static readonly byte[] KeyUpdate = [24, 0, 0, 1, 0];
    private static readonly byte[] KeyUpdateAsked = [24, 0, 0, 1, 1];

    [Fact]
    public void Tickets_are_passed_over_however_they_are_cut()
    {
        byte[] two = [.. Ticket(300), .. Ticket(1)];
        for (int cut = 1; cut < two.Length; cut++)
        {
            var remote = new Remote();
            Assert.Equal(TlsOpened.Nothing, remote.Send(TlsContentType.Handshake, two[..cut]));
            Assert.Equal(TlsOpened.Nothing, remote.Send(TlsContentType.Handshake, two[cut..]));
            Assert.Equal(TlsOpened.Data, remote.Send(TlsContentType.ApplicationData, [1]));
        }
    }

    [Fact]
    public void A_ticket_is_not_for_a_listener() =>
        Assert.Equal(TlsOpened.Broken, new Remote(isClient: false).Send(TlsContentType.Handshake, Ticket(10)));

    [Fact]
    public void A_ticket_has_a_longest_length_and_holds_nothing()
    {
        var remote = new Remote();
        Assert.Equal(TlsOpened.Nothing, remote.Send(TlsContentType.Handshake, [4, 2, 1, 9]));
        Assert.Equal(TlsOpened.Broken, new Remote().Send(TlsContentType.Handshake, [4, 2, 1, 10]));
        Assert.Equal(TlsOpened.Broken, new Remote().Send(TlsContentType.Handshake, [4, 255, 255, 255]));
        Assert.Equal(TlsOpened.Broken, new Remote().Send(TlsContentType.Handshake, [4, 0, 0, 0]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Keys_are_updated_and_the_wish_for_ours_is_kept_once(bool isAsked)
    {
        var remote = new Remote();
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(TlsOpened.Nothing, remote.Send(TlsContentType.Handshake, isAsked ? KeyUpdateAsked : KeyUpdate));
            remote.Cipher.Advance();
        }
        Assert.Equal(TlsOpened.Data, remote.Send(TlsContentType.ApplicationData, [1]));
        Assert.Equal(isAsked, remote.Receiver.TakeUpdateRequest());
        Assert.False(remote.Receiver.TakeUpdateRequest());
    }

    [Fact]
    public void A_malformed_update_of_keys_ends_the_connection()
    {
        byte[][] wrong = [[24, 0, 0, 1, 2], [24, 0, 0, 0], [24, 0, 0, 2, 0, 0], [24, 0, 0, 1], [.. KeyUpdate, .. KeyUpdate], [.. KeyUpdate, 4]];
        foreach (byte[] messages in wrong)
            Assert.Equal(TlsOpened.Broken, new Remote().Send(TlsContentType.Handshake, messages));
    }

    [Fact]
    public void No_other_message_may_come()
    {
        // A ClientHello would be a renegotiation; a CertificateRequest was not offered.
        foreach (byte type in (byte[])[0, 1, 2, 8, 11, 13, 15, 20, 254])
            Assert.Equal(TlsOpened.Broken, new Remote().Send(TlsContentType.Handshake, [type, 0, 0, 1, 0]));
        Assert.Equal(TlsOpened.Broken, new Remote().Send(TlsContentType.Handshake, []));
        Assert.Equal(TlsOpened.Broken, new Remote().Send((TlsContentType)20, [1]));
        Assert.Equal(TlsOpened.Broken, new Remote().Send((TlsContentType)99, [1]));
    }

    [Fact]
    public void Nothing_comes_between_the_parts_of_a_message()
    {
        foreach (byte[] part in (byte[][])[[4], [4, 0, 0, 9], [4, 0, 0, 9, 1]])
        {
            foreach (TlsContentType type in (TlsContentType[])[TlsContentType.ApplicationData, TlsContentType.Alert])
            {
                var remote = new Remote();
                Assert.Equal(TlsOpened.Nothing, remote.Send(TlsContentType.Handshake, part));
                Assert.Equal(TlsOpened.Broken, remote.Send(type, [1, 0]));
            }
        }
    }

    [Fact]
    public void A_close_notify_is_the_end_and_every_other_alert_a_failure()
    {
        var remote = new Remote();
        Assert.Equal(TlsOpened.End, remote.Send(TlsContentType.Alert, [1, 0]));
        Assert.Equal(TlsOpened.Broken, remote.Send(TlsContentType.ApplicationData, [1]));
        foreach (byte[] alert in (byte[][])[[2, 20], [1, 90], [2, 42], [1], [], [1, 0, 0], [1, 0, 1, 0]])
            Assert.Equal(TlsOpened.Broken, new Remote().Send(TlsContentType.Alert, alert));
    }

    [Fact]
    public void Records_without_data_are_borne_for_a_while()
    {
        var remote = new Remote();
        for (int round = 0; round < 2; round++)
        {
            for (int i = 0; i < TlsReceiver.MaxWithoutData; i++)
                Assert.Equal(TlsOpened.Nothing, remote.Send(TlsContentType.ApplicationData, []));
            Assert.Equal(TlsOpened.Data, remote.Send(TlsContentType.ApplicationData, [1]));
        }
        for (int i = 0; i < TlsReceiver.MaxWithoutData; i++)
            Assert.Equal(TlsOpened.Nothing, remote.Send(TlsContentType.ApplicationData, []));
        Assert.Equal(TlsOpened.Broken, remote.Send(TlsContentType.ApplicationData, []));
    }

    [Fact]
    public void A_forged_record_ends_everything()
    {
        var remote = new Remote();
        byte[] record = remote.Seal(TlsContentType.ApplicationData, [1]);
        byte[] forged = [.. record];
        forged[^1] ^= 1;
        Assert.Equal(TlsOpened.Broken, remote.Receive(forged));
        Assert.Equal(TlsOpened.Broken, remote.Receive(record));
    }

    [Fact]
    public void A_sender_replaces_a_worn_key_and_the_receiver_follows()
    {
        (TlsRecordCipher sealing, TlsRecordCipher opening) = TlsRecordCipherTests.Pair();
        using var sender = new TlsSender(sealing, recordsPerKey: 2);
        using var receiver = new TlsReceiver(opening, isClient: true);
        byte[] data = new byte[TlsRecordCipher.MaxContentBytes + 1];
        byte[] records = new byte[TlsSender.RecordsBytes(data.Length)];
        int updates = 0;
        for (int round = 0; round < 5; round++)
        {
            if (sender.IsKeyWorn)
            {
                byte[] update = new byte[TlsSender.UpdateBytes];
                Assert.Equal(update.Length, sender.WriteUpdate(update));
                Assert.Equal(TlsOpened.Nothing, receiver.Open(update, new byte[6], out _));
                updates++;
            }
            Assert.Equal(records.Length, sender.Write(data, records));
            int received = 0;
            for (ReadOnlySpan<byte> rest = records; !rest.IsEmpty; rest = rest[TlsRecordCipher.RecordBytes(rest)..])
            {
                ReadOnlySpan<byte> record = rest[..TlsRecordCipher.RecordBytes(rest)];
                Assert.Equal(TlsOpened.Data, receiver.Open(record, new byte[TlsRecordCipher.InnerBytes(record)], out int length));
                received += length;
            }
            Assert.Equal(data.Length, received);
        }
        Assert.Equal(4, updates);
        Assert.False(receiver.IsUpdateRequested);
    }

    private static byte[] Ticket(int length) => [4, 0, (byte)(length >> 8), (byte)length, .. new byte[length]];

    /// <summary>Seals records for a receiver.</summary>
    private sealed class Remote
    {
        public Remote(bool isClient = true)
        {
            (Cipher, TlsRecordCipher opening) = TlsRecordCipherTests.Pair();
            Receiver = new TlsReceiver(opening, isClient);
        }

        public TlsRecordCipher Cipher { get; }

        public TlsReceiver Receiver { get; }

        public byte[] Seal(TlsContentType type, byte[] content)
        {
            byte[] record = new byte[content.Length + TlsRecordCipher.OverheadBytes];
            Cipher.Seal(type, content, record);
            return record;
        }

        public TlsOpened Receive(byte[] record) => Receiver.Open(record, new byte[TlsRecordCipher.InnerBytes(record)], out _);

        public TlsOpened Send(TlsContentType type, byte[] content) => Receive(Seal(type, content));
    }
}
