using Compeer.Formats.Multiformats;
using Compeer.Network.SecureChannels;
using Compeer.Protocols.KadDht;

namespace Compeer.Tests.KadDht;

public sealed class KadRecordTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Messages_survive_and_no_cut_of_them_is_read_as_another()
    {
        PeerId peer = KadNet.NewPeer(new Random(1));
        var message = new KadMessage(KadMessageType.GetValue)
        {
            Key = "/lab/key"u8.ToArray(), Record = new KadRecord("/lab/key"u8.ToArray(), "value"u8.ToArray(), "2026-01-01T00:00:00Z"),
            CloserPeers = [new KadPeer(peer, [Multiaddr.Parse("/ip4/192.0.2.1/tcp/1"), Multiaddr.Parse("/ip6/2001:db8::1/tcp/2")], KadConnection.Connected)],
            ProviderPeers = [new KadPeer(peer, [])],
        };
        byte[] bytes = message.Encode();
        Assert.True(KadMessage.TryDecode(bytes, out KadMessage? read));
        Assert.Equal(bytes, read.Encode());
        Assert.Equal((message.Type, "value"), (read.Type, System.Text.Encoding.UTF8.GetString(read.Record!.Value.Span)));
        Assert.Equal(message.CloserPeers[0].Addresses, read.CloserPeers[0].Addresses);
        for (int cut = 0; cut < bytes.Length; cut++)
            Assert.True(!KadMessage.TryDecode(bytes.AsSpan(0, cut), out KadMessage? part) || part.Encode().Length < bytes.Length);
        var random = new Random(2);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] noise = i % 2 == 0 ? new byte[random.Next(200)] : [.. bytes];
            if (i % 2 == 0)
                random.NextBytes(noise);
            else
                noise[random.Next(noise.Length)] = (byte)random.Next(256);
            KadMessage.TryDecode(noise, out _);
        }
    }

    [Fact]
    public void What_is_too_much_is_passed_over_or_refused()
    {
        var random = new Random(3);
        KadPeer[] crowd = [.. Enumerable.Range(0, 1000).Select(_ => new KadPeer(KadNet.NewPeer(random), [.. Enumerable.Range(1, 40).Select(i => Multiaddr.Parse($"/ip4/10.0.0.{i}/tcp/1"))]))];
        byte[] bytes = new KadMessage(KadMessageType.FindNode) { CloserPeers = crowd }.Encode();
        Assert.InRange(bytes.Length, KadMessage.MaxWriteBytes - 1000, KadMessage.MaxWriteBytes);
        Assert.True(KadMessage.TryDecode(bytes, out KadMessage? read));
        Assert.All(read.CloserPeers, p => Assert.Equal(KadMessage.MaxAddresses, p.Addresses.Count));
        byte[] small = new KadMessage(KadMessageType.FindNode) { CloserPeers = [.. crowd.Select(p => p with { Addresses = [] }).Take(200)] }.Encode();
        Assert.True(KadMessage.TryDecode(small, out read));
        Assert.Equal(KadMessage.MaxPeers, read.CloserPeers.Count);
        Assert.False(KadMessage.TryDecode(new KadMessage(KadMessageType.FindNode) { Key = new byte[KadMessage.MaxKeyBytes + 1] }.Encode(), out _));
        Assert.False(KadMessage.TryDecode([0x08, 0x07], out _));
        Assert.False(KadMessage.TryDecode([0x12, 0xff, 0xff, 0xff, 0xff, 0x0f], out _));
    }

    [Fact]
    public void Public_keys_stand_under_their_own_names_only()
    {
        PrivateIdentity one = PrivateIdentity.Generate(), two = PrivateIdentity.Generate();
        var rule = new PublicKeyValidator();
        byte[] key = PublicKeyValidator.KeyOf(PeerId.FromPublicKey(one.PublicKey));
        Assert.True(rule.IsValid(key, one.PublicKey.ToBytes(), Now));
        Assert.False(rule.IsValid(key, two.PublicKey.ToBytes(), Now));
        Assert.False(rule.IsValid(key, [], Now));
    }

    [Fact]
    public void Signed_names_are_believed_until_they_end()
    {
        PrivateIdentity signer = PrivateIdentity.Generate(), stranger = PrivateIdentity.Generate();
        PeerId name = PeerId.FromPublicKey(signer.PublicKey);
        var rule = new IpnsValidator(OpenSslKeys.Instance);
        var record = new IpnsRecord("/ipfs/bafkqaaa", 5, Now + TimeSpan.FromHours(1), TimeSpan.FromMinutes(5));
        byte[] sealedRecord = record.Seal(signer);
        Assert.True(IpnsRecord.TryOpen(sealedRecord, name, OpenSslKeys.Instance, out IpnsRecord? opened));
        Assert.Equal((record.Value, record.Sequence, record.ValidUntil, record.TimeToLive), (opened.Value, opened.Sequence, opened.ValidUntil, opened.TimeToLive));

        Assert.True(rule.IsValid(IpnsValidator.KeyOf(name), sealedRecord, Now));
        Assert.False(rule.IsValid(IpnsValidator.KeyOf(name), sealedRecord, Now + TimeSpan.FromHours(2)));
        Assert.False(rule.IsValid(IpnsValidator.KeyOf(name), record.Seal(stranger), Now));
        Assert.False(rule.IsValid(IpnsValidator.KeyOf(PeerId.FromPublicKey(stranger.PublicKey)), sealedRecord, Now));
        Assert.False(rule.IsValid(IpnsValidator.KeyOf(name), new byte[IpnsRecord.MaxBytes + 1], Now));
        for (int i = 0; i < sealedRecord.Length; i++)
        {
            byte[] changed = [.. sealedRecord];
            changed[i] ^= 0x10;
            Assert.False(rule.IsValid(IpnsValidator.KeyOf(name), changed, Now), $"byte {i} may be changed");
            Assert.False(rule.IsValid(IpnsValidator.KeyOf(name), sealedRecord.AsSpan(0, i), Now));
        }
        // An older field that says something else than what is signed: value (1) "/x".
        Assert.False(rule.IsValid(IpnsValidator.KeyOf(name), [0x0a, 0x02, (byte)'/', (byte)'x', .. sealedRecord], Now));

        byte[] later = (record with { Sequence = 6 }).Seal(signer), longer = (record with { ValidUntil = Now + TimeSpan.FromHours(3) }).Seal(signer);
        Assert.True(rule.Compare(later, sealedRecord) > 0);
        Assert.True(rule.Compare(later, longer) > 0);
        Assert.True(rule.Compare(sealedRecord, longer) < 0);
        Assert.Equal(0, rule.Compare(later, later));
    }
}
