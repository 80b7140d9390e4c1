using Compeer.Formats.Multiformats;
using Compeer.Network.SecureChannels;
using Compeer.Protocols.Identity;

namespace Compeer.Tests.Identity;

public sealed class SignedEnvelopeTests
{
    private static readonly PrivateIdentity Alice = PrivateIdentity.Generate();

    /// <summary>Ed25519 has one signature for a message, so a record that go-libp2p made must come out the same byte by byte.</summary>
    [Fact]
    public void A_record_of_go_libp2p_is_read_and_made_again()
    {
        Dictionary<string, byte[]> vector = VectorLines.Read("libp2p-records", "peer-record.txt").ToDictionary(l => l[0], l => Convert.FromHexString(l[1]));
        Assert.True(PeerRecord.TryOpen(vector["envelope"], OpenSslKeys.Instance, out PeerRecord? record));
        var identity = PrivateIdentity.Import(vector["key"]);
        Assert.Equal(identity.PeerId, record.Peer);
        Assert.Equal(10, record.Addresses.Count);
        Assert.Equal("/ip4/1.2.3.4/tcp/9", record.Addresses[9].ToString());
        Assert.Equal(vector["envelope"], PeerRecord.Seal(identity, record.Sequence, record.Addresses).Bytes);
    }

    [Fact]
    public void An_envelope_is_opened_only_for_its_purpose_type_and_content()
    {
        SignedEnvelope sealed_ = SignedEnvelope.Seal(Alice, "purpose", [1], "content"u8);
        Assert.True(SignedEnvelope.TryOpen(sealed_.Bytes, "purpose", [1], OpenSslKeys.Instance, out SignedEnvelope? opened));
        Assert.Equal("content"u8, opened.Payload);
        Assert.Equal(Alice.PublicKey, opened.Key);
        Assert.False(SignedEnvelope.TryOpen(sealed_.Bytes, "another", [1], OpenSslKeys.Instance, out _));
        Assert.False(SignedEnvelope.TryOpen(sealed_.Bytes, "purpose", [2], OpenSslKeys.Instance, out _));
        byte[] bytes = sealed_.Bytes.ToArray();
        for (int at = 0; at < bytes.Length; at++)
        {
            Assert.False(SignedEnvelope.TryOpen(bytes.AsSpan(0, at), "purpose", [1], OpenSslKeys.Instance, out _));
            bytes[at] ^= 1;
            Assert.False(SignedEnvelope.TryOpen(bytes, "purpose", [1], OpenSslKeys.Instance, out _), $"byte {at}");
            bytes[at] ^= 1;
        }
        SignedEnvelope large = SignedEnvelope.Seal(Alice, "purpose", [1], new byte[SignedEnvelope.MaxBytes]);
        Assert.False(SignedEnvelope.TryOpen(large.Bytes, "purpose", [1], OpenSslKeys.Instance, out _));
    }

    [Fact]
    public void A_record_about_another_peer_is_refused()
    {
        var bob = PrivateIdentity.Generate();
        byte[] about = SignedEnvelope.Seal(Alice, "libp2p-peer-record", [3, 1], [0x0a, (byte)bob.PeerId.Bytes.Length, .. bob.PeerId.Bytes, 0x10, 1]).Bytes.ToArray();
        Assert.False(PeerRecord.TryOpen(about, OpenSslKeys.Instance, out _));
        byte[] own = SignedEnvelope.Seal(Alice, "libp2p-peer-record", [3, 1], [0x0a, (byte)Alice.PeerId.Bytes.Length, .. Alice.PeerId.Bytes, 0x10, 1]).Bytes.ToArray();
        Assert.True(PeerRecord.TryOpen(own, OpenSslKeys.Instance, out PeerRecord? record) && record.Sequence == 1);
        byte[] nobody = SignedEnvelope.Seal(Alice, "libp2p-peer-record", [3, 1], [0x10, 1]).Bytes.ToArray();
        Assert.False(PeerRecord.TryOpen(nobody, OpenSslKeys.Instance, out _));
    }

    [Fact]
    public void More_addresses_than_a_record_may_have_are_passed_over()
    {
        Multiaddr[] addresses = [.. Enumerable.Range(1, 100).Select(port => Multiaddr.Parse($"/ip4/192.0.2.1/tcp/{port}"))];
        Assert.True(PeerRecord.TryOpen(PeerRecord.Seal(Alice, 7, addresses).Bytes, OpenSslKeys.Instance, out PeerRecord? record));
        Assert.Equal(addresses[..PeerRecord.MaxAddresses], record.Addresses);
    }
}
