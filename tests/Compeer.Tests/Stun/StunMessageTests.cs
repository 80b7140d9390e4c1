using System.Net;
using System.Text;
using Compeer.Protocols.Stun;

namespace Compeer.Tests.Stun;

public sealed class StunMessageTests
{
    private static readonly StunTransactionId Id = new(0xB7E7A701BC34D686, 0xFA87DFAE);
    private static readonly StunTransactionId LongTermId = new(0x78AD3433C6AD72C0, 0x29DA412E);
    private static readonly byte[] ShortTermKey = Encoding.ASCII.GetBytes(StunVectors.Password);

    public static TheoryData<byte[]> Samples =>
        [StunVectors.Request, StunVectors.ResponseV4, StunVectors.ResponseV6, StunVectors.LongTermRequest, StunVectors.LongTermSha256Request];

    [Fact]
    public void The_sample_request_reads_as_the_specification_says()
    {
        Assert.True(StunMessage.TryRead(StunVectors.Request, out StunMessage message));
        Assert.Equal(StunClass.Request, message.Class);
        Assert.Equal(StunMethod.Binding, message.Method);
        Assert.Equal(Id, message.Id);
        Assert.True(message.TryGetText(StunAttributeType.Software, 100, out string? software));
        Assert.Equal("STUN test client", software);
        Assert.True(message.TryGetText(StunAttributeType.Username, 100, out string? user));
        Assert.Equal("evtj:h6vY", user);
        Assert.True(message.HasFingerprint);
        Assert.True(message.HasIntegrity(ShortTermKey));
        Assert.False(message.HasIntegrity("another"u8));
        Span<ushort> unknown = stackalloc ushort[4];
        Assert.Equal(1, message.UnknownAttributes([StunAttributeType.Username], unknown));
        Assert.Equal(0x24, unknown[0]);
    }

    [Fact]
    public void The_sample_responses_tell_the_mapped_address()
    {
        Assert.True(StunMessage.TryRead(StunVectors.ResponseV4, out StunMessage v4));
        Assert.Equal(StunClass.Success, v4.Class);
        Assert.True(v4.HasIntegrity(ShortTermKey));
        Assert.True(v4.TryGetXorAddress(StunAttributeType.XorMappedAddress, out IPEndPoint? mapped));
        Assert.Equal(IPEndPoint.Parse("192.0.2.1:32853"), mapped);
        Assert.True(StunMessage.TryRead(StunVectors.ResponseV6, out StunMessage v6));
        Assert.True(v6.HasIntegrity(ShortTermKey));
        Assert.True(v6.TryGetXorAddress(StunAttributeType.XorMappedAddress, out mapped));
        Assert.Equal(IPEndPoint.Parse("[2001:db8:1234:5678:11:2233:4455:6677]:32853"), mapped);
    }

    [Fact]
    public void The_long_term_samples_are_protected_by_the_password()
    {
        byte[] key = StunCredentials.Key(StunVectors.LongTermUser, StunVectors.LongTermRealm, StunVectors.LongTermPassword);
        Assert.True(StunMessage.TryRead(StunVectors.LongTermRequest, out StunMessage message));
        Assert.True(message.HasIntegrity(key));
        Assert.True(message.TryGetText(StunAttributeType.Nonce, 100, out string? nonce));
        Assert.Equal("f//499k954d6OL34oL9FSTvy64sA", nonce);

        Assert.True(StunMessage.TryRead(StunVectors.LongTermSha256Request, out StunMessage sha256));
        Assert.True(sha256.TryGet(StunAttributeType.UserHash, out ReadOnlySpan<byte> hash));
        Assert.Equal(StunCredentials.UserHash(StunVectors.LongTermUser, StunVectors.LongTermRealm), hash.ToArray());
        Assert.True(sha256.HasIntegrity(key));
    }

    [Fact]
    public void The_writer_makes_the_long_term_samples_byte_by_byte()
    {
        byte[] key = StunCredentials.Key(StunVectors.LongTermUser, StunVectors.LongTermRealm, StunVectors.LongTermPassword);
        var writer = new StunMessageWriter(new byte[200], StunClass.Request, StunMethod.Binding, LongTermId);
        writer.AddText(StunAttributeType.Username, StunVectors.LongTermUser);
        writer.AddText(StunAttributeType.Nonce, "f//499k954d6OL34oL9FSTvy64sA");
        writer.AddText(StunAttributeType.Realm, StunVectors.LongTermRealm);
        writer.AddIntegrity(key);
        Assert.Equal(StunVectors.LongTermRequest, writer.Written.ToArray());

        writer = new StunMessageWriter(new byte[200], StunClass.Request, StunMethod.Binding, LongTermId);
        writer.Add(StunAttributeType.UserHash, StunCredentials.UserHash(StunVectors.LongTermUser, StunVectors.LongTermRealm));
        writer.AddText(StunAttributeType.Nonce, "obMatJos2AAACf//499k954d6OL34oL9FSTvy64sA");
        writer.AddText(StunAttributeType.Realm, StunVectors.LongTermRealm);
        writer.AddIntegritySha256(key);
        Assert.Equal(StunVectors.LongTermSha256Request, writer.Written.ToArray());
    }

    [Theory]
    [InlineData("192.0.2.1:32853")]
    [InlineData("[2001:db8::7]:1")]
    public void What_is_written_reads_back(string endpoint)
    {
        IPEndPoint address = IPEndPoint.Parse(endpoint);
        var writer = new StunMessageWriter(new byte[512], StunClass.Error, StunMethod.ChannelBind, Id);
        writer.AddXorAddress(StunAttributeType.XorPeerAddress, address);
        writer.AddAddress(StunAttributeType.OtherAddress, address);
        writer.AddError(486, "Allocation Quota Reached");
        writer.AddUnknownAttributes([1, 2, 3]);
        writer.AddUInt32(StunAttributeType.Lifetime, 600);
        writer.AddIntegrity(ShortTermKey);
        writer.AddIntegritySha256(ShortTermKey);
        writer.AddFingerprint();

        Assert.True(StunMessage.TryRead(writer.Written, out StunMessage message));
        Assert.Equal((StunClass.Error, StunMethod.ChannelBind, Id), (message.Class, message.Method, message.Id));
        Assert.True(message.HasIntegrity(ShortTermKey));
        Assert.True(message.TryGetXorAddress(StunAttributeType.XorPeerAddress, out IPEndPoint? peer));
        Assert.True(message.TryGetAddress(StunAttributeType.OtherAddress, out IPEndPoint? other));
        Assert.Equal(address, peer);
        Assert.Equal(address, other);
        Assert.True(message.TryGetError(out StunError error));
        Assert.Equal(new StunError(486, "Allocation Quota Reached"), error);
        Assert.True(message.TryGetUInt32(StunAttributeType.Lifetime, out uint lifetime));
        Assert.Equal(600u, lifetime);
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_cut_or_lengthened_message_is_not_read(byte[] sample)
    {
        for (int length = 0; length < sample.Length; length++)
            Assert.False(StunMessage.TryRead(sample.AsSpan(0, length), out _));
        Assert.False(StunMessage.TryRead([.. sample, 0, 0, 0, 0], out _));
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_change_of_any_byte_is_noticed(byte[] sample)
    {
        byte[] longTerm = StunCredentials.Key(StunVectors.LongTermUser, StunVectors.LongTermRealm, StunVectors.LongTermPassword);
        Assert.True(StunMessage.TryRead(sample, out StunMessage whole));
        // The integrity does not cover the type of the fingerprint behind it.
        for (int at = 0; at < sample.Length - (whole.HasFingerprint ? 8 : 0); at++)
        {
            byte[] changed = [.. sample];
            changed[at] ^= 0x10;
            Assert.False(StunMessage.TryRead(changed, out StunMessage message) && (message.HasIntegrity(ShortTermKey) || message.HasIntegrity(longTerm)));
        }
    }

    [Fact]
    public void What_follows_the_integrity_is_not_shown()
    {
        var writer = new StunMessageWriter(new byte[200], StunClass.Request, StunMethod.Allocate, Id);
        writer.AddIntegrity(ShortTermKey);
        writer.AddUInt32(StunAttributeType.Lifetime, 600);
        Assert.True(StunMessage.TryRead(writer.Written, out StunMessage message));
        Assert.True(message.HasIntegrity(ShortTermKey));
        Assert.False(message.TryGetUInt32(StunAttributeType.Lifetime, out _));
    }

    [Fact]
    public void Lengths_beyond_the_message_and_too_many_attributes_are_refused()
    {
        var writer = new StunMessageWriter(new byte[1000], StunClass.Request, StunMethod.Binding, Id);
        for (int i = 0; i < StunMessage.MaxAttributes; i++)
            writer.Add(StunAttributeType.DontFragment, []);
        Assert.True(StunMessage.TryRead(writer.Written, out _));
        writer.Add(StunAttributeType.DontFragment, []);
        Assert.False(StunMessage.TryRead(writer.Written, out _));

        byte[] one = [.. StunVectors.LongTermRequest];
        foreach (int length in (int[])[0x7FFF, 0xFFFF, 0xFFFC, 100])
        {
            one[22] = (byte)(length >> 8);
            one[23] = (byte)length;
            Assert.False(StunMessage.TryRead(one, out _));
        }
    }

    [Fact]
    public void Random_bytes_never_throw()
    {
        var random = new Random(5);
        for (int i = 0; i < 100_000; i++)
        {
            byte[] bytes = new byte[random.Next(0, 40) * 4];
            random.NextBytes(bytes);
            if (bytes.Length >= 20 && i % 2 == 0)
            {
                // Enough of a header that the attributes are looked at.
                StunVectors.Request.AsSpan(0, 8).CopyTo(bytes);
                (bytes[2], bytes[3]) = ((byte)((bytes.Length - 20) >> 8), (byte)(bytes.Length - 20));
                for (int at = 22; at < bytes.Length; at += 8)
                    bytes[at] = 0;
            }
            if (!StunMessage.TryRead(bytes, out StunMessage message))
                continue;
            message.TryGetError(out _);
            message.HasIntegrity(ShortTermKey);
            foreach (StunAttributeView attribute in message.Attributes)
            {
                StunAddressCodec.TryRead(attribute.Value, out _);
                StunAddressCodec.TryReadXor(attribute.Value, message.Id, out _);
            }
        }
    }
}
