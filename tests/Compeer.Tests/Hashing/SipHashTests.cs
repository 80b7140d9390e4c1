using Compeer.Formats.Hashing;

namespace Compeer.Tests.Hashing;

public sealed class SipHashTests
{
    private static readonly SipHash Digest = new([.. Enumerable.Range(0, 16).Select(i => (byte)i)]);

    /// <summary>Vectors of the paper's reference: the key 00 01 .. 0f, messages 00 01 ...</summary>
    [Theory]
    [InlineData(0, 0x726fdb47dd0e0e31)]
    [InlineData(1, 0x74f839c593dc67fd)]
    [InlineData(8, 0x93f5f5799a932462)]
    [InlineData(15, 0xa129ca6149be45e5)]
    public void The_papers_digests_come_out(int length, ulong expected) =>
        Assert.Equal(expected, Digest.Of([.. Enumerable.Range(0, length).Select(i => (byte)i)]));

    [Fact]
    public void Every_bit_of_message_and_key_counts()
    {
        byte[] message = new byte[24];
        var seen = new HashSet<ulong> { Digest.Of(message), new SipHash(new byte[16]).Of(message) };
        for (int bit = 0; bit < 8 * message.Length; bit++)
        {
            byte[] changed = new byte[24];
            changed[bit / 8] = (byte)(1 << (bit % 8));
            Assert.True(seen.Add(Digest.Of(changed)));
        }
        for (int bit = 0; bit < 128; bit++)
        {
            byte[] key = new byte[16];
            key[bit / 8] = (byte)(1 << (bit % 8));
            Assert.True(seen.Add(new SipHash(key).Of(message)));
        }
        Assert.Throws<ArgumentException>(() => new SipHash(new byte[15]));
    }
}
