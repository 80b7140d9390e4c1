using Compeer.Formats.Multiformats;

namespace Compeer.Tests.Multiformats;

public sealed class PeerIdTests
{
    [Theory]
    [InlineData("ed25519", "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq")]
    [InlineData("secp256k1", "16Uiu2HAmLhLvBoYaoZfaMUKuibM6ac163GwKY74c5kiSLg5KvLpY")]
    public void Small_keys_stand_in_their_id(string type, string text)
    {
        PublicKey key = Key(type);
        PeerId id = PeerId.FromPublicKey(key);
        Assert.Equal(text, id.ToString());
        Assert.True(id.TryGetPublicKey(out PublicKey? read));
        Assert.Equal(key, read);
    }

    [Theory]
    [InlineData("ecdsa")]
    [InlineData("rsa")]
    public void Long_keys_are_hashed(string type)
    {
        PublicKey key = Key(type);
        PeerId id = PeerId.FromPublicKey(key);
        Assert.StartsWith("Qm", id.ToString(), StringComparison.Ordinal);
        Assert.False(id.TryGetPublicKey(out _));
        Assert.Equal(Multihash.Sha256(key.ToBytes()).Bytes, id.Bytes);
    }

    [Fact]
    public void Keys_are_written_as_they_were_read()
    {
        foreach (string[] line in VectorLines.Read("libp2p-peer-ids", "keys.txt").Where(l => l[1] == "public"))
        {
            byte[] message = Convert.FromHexString(line[2]);
            Assert.True(PublicKey.TryDecode(message, out PublicKey? key));
            Assert.Equal(line[0], key.Type.ToString(), ignoreCase: true);
            Assert.Equal(message, key.ToBytes());
            for (int cut = 0; cut < message.Length; cut++)
                Assert.False(PublicKey.TryDecode(message.AsSpan(0, cut), out _));
        }
    }

    [Theory]
    [InlineData("122000", 32)] // no type
    [InlineData("0801", 0)] // no key
    [InlineData("08011221", 33)] // a byte too many for Ed25519
    [InlineData("0801121f", 31)]
    [InlineData("08041220", 32)] // no such type
    [InlineData("0881001220", 32)] // the type in two bytes
    [InlineData("080112a000", 32)] // the length in two bytes
    [InlineData("08001281803f", 100)]
    public void Other_encodings_of_keys_are_refused(string start, int dataBytes) =>
        Assert.False(PublicKey.TryDecode([.. Convert.FromHexString(start), .. new byte[dataBytes]], out _));

    [Fact]
    public void More_fields_are_refused() =>
        Assert.False(PublicKey.TryDecode([.. Key("ed25519").ToBytes(), 0x18, 1], out _));

    [Theory]
    [InlineData("QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N", "bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe")]
    [InlineData("12D3KooWCryG7Mon9orvQxcS1rYZjotPgpwoJNHHKcLLfE4Hf5mV", "bafzaajaiaejcalj543iwv2d7pkjt7ykvefrkfu7qjfi6sduakhso4lay6abn2d5u")]
    [InlineData("12D3KooWCryG7Mon9orvQxcS1rYZjotPgpwoJNHHKcLLfE4Hf5mV", "k51qzi5uqu5dhb6l8spkdx7yxafegfkee5by8h7lmjh2ehc2sgg34z7c15vzqs")]
    public void Both_texts_name_the_same_peer(string base58, string cid)
    {
        Assert.Equal(PeerId.Parse(base58), PeerId.Parse(cid));
        Assert.Equal(base58, PeerId.Parse(cid).ToString());
        if (cid[0] == 'b')
            Assert.Equal(cid, PeerId.Parse(base58).ToCid().ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("Qm")]
    [InlineData("12D3KooWCryG7Mon9orvQxcS1rYZjotPgpwoJNHHKcLLfE4Hf5m")]
    [InlineData("QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx50")]
    [InlineData("bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku")] // a CID of something else
    [InlineData("/p2p/QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N")]
    public void Other_text_is_no_peer_id(string text)
    {
        Assert.False(PeerId.TryParse(text, out _));
        Assert.Contains("no peer id", Assert.Throws<FormatException>(() => PeerId.Parse(text)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_come_back_and_cut_ones_do_not()
    {
        byte[] bytes = PeerId.FromPublicKey(Key("ed25519")).Bytes.ToArray();
        Assert.True(PeerId.TryDecode(bytes, out PeerId id) && id.Bytes.SequenceEqual(bytes));
        for (int cut = 0; cut < bytes.Length; cut++)
            Assert.False(PeerId.TryDecode(bytes.AsSpan(0, cut), out _));
        Assert.False(PeerId.TryDecode([0, 3, 1, 2, 3], out _)); // inline, but no key
        Assert.True(default(PeerId).IsEmpty);
        Assert.NotEqual(default, id);
    }

    internal static PublicKey Key(string type)
    {
        string hex = VectorLines.Read("libp2p-peer-ids", "keys.txt").Single(l => l[0] == type && l[1] == "public")[2];
        Assert.True(PublicKey.TryDecode(Convert.FromHexString(hex), out PublicKey? key));
        return key;
    }
}
