using System.Buffers.Binary;
using Compeer.Network.SecureChannels;
using Compeer.Protocols.Tls;

namespace Compeer.Tests.Tls;

/// <summary>Records of TLS 1.3 by themselves, against the published trace.</summary>
public sealed class TlsRecordCipherTests
{
    private const string ClientSecret = "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5";
    private const string ServerSecret = "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643";

    public static TheoryData<TlsCipherSuite> Suites => [TlsCipherSuite.Aes128GcmSha256, TlsCipherSuite.Aes256GcmSha384, TlsCipherSuite.ChaCha20Poly1305Sha256];

    [Fact]
    public void The_published_records_are_sealed_and_opened()
    {
        foreach (string[] line in VectorLines.Read("tls", "rfc8448-records.txt"))
        {
            byte[] secret = Convert.FromHexString(line[0] == "client" ? ClientSecret : ServerSecret);
            byte[] content = Convert.FromHexString(line[3]);
            byte[] record = Convert.FromHexString(line[4]);
            using var sealing = new TlsRecordCipher(OpenSslAead.Create, TlsCipherSuite.Aes128GcmSha256, secret);
            using var opening = new TlsRecordCipher(OpenSslAead.Create, TlsCipherSuite.Aes128GcmSha256, secret);
            byte[] before = new byte[100];
            byte[] inner = new byte[100];
            for (int i = 0; i < int.Parse(line[1], null); i++)
            {
                int length = sealing.Seal(TlsContentType.ApplicationData, [1], before);
                Assert.True(opening.TryOpen(before.AsSpan(0, length), inner.AsSpan(0, 2), out _, out _));
            }
            byte[] target = new byte[record.Length];
            Assert.Equal(record.Length, sealing.Seal((TlsContentType)int.Parse(line[2], null), content, target));
            Assert.Equal(record, target);
            Assert.True(opening.TryOpen(record, inner.AsSpan(0, TlsRecordCipher.InnerBytes(record)), out TlsContentType type, out int opened));
            Assert.Equal((int.Parse(line[2], null), content.Length), ((int)type, opened));
            Assert.Equal(content, inner[..opened]);
        }
    }

    [Theory]
    [MemberData(nameof(Suites))]
    public void What_is_sealed_opens_in_its_order_and_once(TlsCipherSuite suite)
    {
        (TlsRecordCipher sealing, TlsRecordCipher opening) = Pair(suite);
        byte[] first = Sealed(sealing, 1);
        byte[] second = Sealed(sealing, 2);
        byte[] inner = new byte[2];
        Assert.False(opening.TryOpen(second, inner, out _, out _));
        Assert.True(opening.TryOpen(first, inner, out _, out _));
        Assert.False(opening.TryOpen(first, inner, out _, out _));
        Assert.True(opening.TryOpen(second, inner, out TlsContentType type, out int length));
        Assert.Equal((TlsContentType.ApplicationData, 1, 2), (type, length, inner[0]));
    }

    [Theory]
    [MemberData(nameof(Suites))]
    public void A_key_gives_way_to_the_next_at_both_ends(TlsCipherSuite suite)
    {
        (TlsRecordCipher sealing, TlsRecordCipher opening) = Pair(suite);
        byte[] inner = new byte[2];
        Assert.True(opening.TryOpen(Sealed(sealing, 1), inner, out _, out _));
        sealing.Advance();
        Assert.Equal(0, sealing.RecordsOfKey);
        byte[] record = Sealed(sealing, 2);
        Assert.False(opening.TryOpen(record, inner, out _, out _));
        opening.Advance();
        Assert.True(opening.TryOpen(record, inner, out _, out int length));
        Assert.Equal((1, 2), (length, inner[0]));
    }

    [Fact]
    public void Every_flipped_bit_is_noticed_and_gives_nothing_away()
    {
        (TlsRecordCipher sealing, TlsRecordCipher opening) = Pair(TlsCipherSuite.Aes256GcmSha384);
        byte[] record = new byte[50 + TlsRecordCipher.OverheadBytes];
        sealing.Seal(TlsContentType.ApplicationData, Enumerable.Repeat((byte)7, 50).ToArray(), record);
        for (int bit = 0; bit < record.Length * 8; bit++)
        {
            byte[] forged = [.. record];
            forged[bit / 8] ^= (byte)(1 << (bit % 8));
            byte[] inner = new byte[51];
            Assert.False(opening.TryOpen(forged, inner, out _, out int length));
            Assert.Equal(0, length);
            Assert.Equal(new byte[51], inner);
        }
    }

    [Fact]
    public void Records_that_may_not_be_sent_are_known_by_their_header()
    {
        Assert.Equal(TlsRecordCipher.MaxContentBytes + 1, Inner(TlsRecordCipher.MaxContentBytes + 17, 23, 3, 3));
        Assert.Equal(-1, Inner(TlsRecordCipher.MaxContentBytes + 18, 23, 3, 3));
        Assert.Equal(1, Inner(17, 23, 3, 3));
        Assert.Equal(-1, Inner(16, 23, 3, 3));
        Assert.Equal(-1, Inner(0, 23, 3, 3));
        Assert.Equal(-1, Inner(100, 20, 3, 3));
        Assert.Equal(-1, Inner(100, 21, 3, 3));
        Assert.Equal(-1, Inner(100, 22, 3, 3));
        Assert.Equal(-1, Inner(100, 23, 3, 1));
        Assert.Equal(0, TlsRecordCipher.RecordBytes([23, 3, 3, 255]));
        Assert.Equal(TlsRecordCipher.HeaderBytes + ushort.MaxValue, TlsRecordCipher.RecordBytes([23, 3, 3, 255, 255]));

        static int Inner(int length, params byte[] header)
        {
            byte[] record = new byte[TlsRecordCipher.HeaderBytes + length];
            header.CopyTo(record, 0);
            BinaryPrimitives.WriteUInt16BigEndian(record.AsSpan(3), (ushort)length);
            return TlsRecordCipher.InnerBytes(record);
        }
    }

    [Fact]
    public void A_secret_of_the_wrong_length_is_refused() =>
        Assert.Throws<ArgumentException>(() => new TlsRecordCipher(OpenSslAead.Create, TlsCipherSuite.Aes256GcmSha384, new byte[32]));

    internal static (TlsRecordCipher Sealing, TlsRecordCipher Opening) Pair(TlsCipherSuite suite = TlsCipherSuite.Aes128GcmSha256)
    {
        byte[] secret = new byte[suite == TlsCipherSuite.Aes256GcmSha384 ? 48 : 32];
        secret[0] = 1;
        return (new TlsRecordCipher(OpenSslAead.Create, suite, secret), new TlsRecordCipher(OpenSslAead.Create, suite, secret));
    }

    private static byte[] Sealed(TlsRecordCipher cipher, byte content)
    {
        byte[] record = new byte[1 + TlsRecordCipher.OverheadBytes];
        Assert.Equal(record.Length, cipher.Seal(TlsContentType.ApplicationData, [content], record));
        return record;
    }
}
