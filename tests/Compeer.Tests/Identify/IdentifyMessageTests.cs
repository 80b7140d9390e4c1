using Compeer.Formats.Multiformats;
using Compeer.Protocols.Identify;

namespace Compeer.Tests.Identify;

public sealed class IdentifyMessageTests
{
    private static readonly IdentifyMessage Full = new()
    {
        PublicKey = new PublicKey(KeyType.Ed25519, new byte[32]),
        ProtocolVersion = "ipfs/0.1.0",
        AgentVersion = "test/1",
        ObservedAddress = Multiaddr.Parse("/ip4/192.0.2.1/tcp/5"),
        ListenAddresses = [Multiaddr.Parse("/ip4/192.0.2.2/tcp/4001"), Multiaddr.Parse("/ip6/2001:db8::1/tcp/4001")],
        Protocols = ["/a", "/b"],
        SignedPeerRecord = new byte[] { 1, 2, 3 },
    };

    [Fact]
    public void A_message_survives_a_round_trip()
    {
        Assert.True(IdentifyMessage.TryDecode(Full.Encode(), out IdentifyMessage? read));
        AssertEqual(Full, read);
    }

    [Fact]
    public void Every_truncation_is_refused_or_reads_as_less()
    {
        byte[] bytes = Full.Encode();
        for (int length = 0; length < bytes.Length; length++)
        {
            if (IdentifyMessage.TryDecode(bytes.AsSpan(0, length), out IdentifyMessage? read))
                Assert.NotEqual(bytes, read.Encode());
        }
    }

    [Fact]
    public void What_is_sent_never_exceeds_what_others_accept()
    {
        IdentifyMessage large = Full with { Protocols = [.. Enumerable.Range(0, 1000).Select(i => $"/protocol/number/{i}")] };
        byte[] bytes = large.Encode();
        Assert.InRange(bytes.Length, 4000, IdentifyMessage.MaxWriteBytes);
        Assert.True(IdentifyMessage.TryDecode(bytes, out IdentifyMessage? read));
        Assert.Equal(large.Protocols.Take(read.Protocols.Count), read.Protocols);
    }

    [Fact]
    public void Only_so_many_protocols_and_addresses_are_kept_over_all_messages()
    {
        var bytes = new List<byte>();
        for (int i = 0; i < 1000; i++)
            bytes.AddRange([0x1A, 1, (byte)'x', 0x12, 8, 4, 192, 0, 2, 1, 6, 0, 1]);
        Assert.True(IdentifyMessage.TryDecode([.. bytes], out IdentifyMessage? read));
        IdentifyMessage merged = read.Merge(read);
        Assert.Equal((IdentifyMessage.MaxProtocols, IdentifyMessage.MaxAddresses), (merged.Protocols.Count, merged.ListenAddresses.Count));
    }

    [Fact]
    public void Malformed_addresses_are_left_out_and_unknown_fields_passed_over()
    {
        Assert.True(IdentifyMessage.TryDecode([0x12, 2, 0xFF, 0xFF, 0x48, 5, 0x1A, 2, (byte)'/', (byte)'a'], out IdentifyMessage? read));
        Assert.Empty(read.ListenAddresses);
        Assert.Equal(["/a"], read.Protocols);
    }

    [Fact]
    public void A_later_message_replaces_what_it_says_and_nothing_else()
    {
        IdentifyMessage merged = Full.Merge(new IdentifyMessage { Protocols = ["/c"] });
        AssertEqual(Full with { Protocols = ["/c"] }, merged);
    }

    [Fact]
    public void Random_bytes_never_throw()
    {
        var random = new Random(5);
        for (int i = 0; i < 5000; i++)
        {
            byte[] bytes = i % 2 == 0 ? Full.Encode() : new byte[random.Next(60)];
            for (int changes = 0; changes < 4 && bytes.Length > 0; changes++)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            if (IdentifyMessage.TryDecode(bytes, out IdentifyMessage? read))
                Assert.InRange(read.Encode().Length, 0, IdentifyMessage.MaxWriteBytes);
        }
    }

    private static void AssertEqual(IdentifyMessage expected, IdentifyMessage actual)
    {
        Assert.Equal(expected.Encode(), actual.Encode());
        Assert.Equal(expected.ListenAddresses, actual.ListenAddresses);
        Assert.Equal(expected.Protocols, actual.Protocols);
        Assert.Equal((expected.AgentVersion, expected.ProtocolVersion, expected.PublicKey, expected.ObservedAddress), (actual.AgentVersion, actual.ProtocolVersion, actual.PublicKey, actual.ObservedAddress));
    }
}
