using System.Text;
using Compeer.Formats.Hashing;
using Compeer.Formats.Torrents;

namespace Compeer.Tests.Torrents;

public class IdentifierTests
{
    [Theory]
    [InlineData("-LT2080-abcdefghijkl", "libtorrent 2.0.8")]
    [InlineData("-TR3000-abcdefghijkl", "Transmission 3")]
    [InlineData("-qB4650-abcdefghijkl", "qBittorrent 4.6.5")]
    [InlineData("A2-1-36-0-abcdefghij", "aria2")]
    [InlineData("-XY1200-abcdefghijkl", "XY 1.2")]
    [InlineData("-<b>120-abcdefghijkl", "unknown")]
    [InlineData("-\u001b[31m0-abcdefghijkl", "unknown")]
    [InlineData("abcdefghijklmnopqrst", "unknown")]
    public void Programs_are_known_by_their_ids_and_never_speak_for_themselves(string id, string expected)
    {
        string name = new PeerId(Encoding.ASCII.GetBytes(id)).ClientName;
        if (expected != "unknown")
            Assert.Equal(expected, name);
        Assert.DoesNotContain(name, c => !char.IsAsciiLetterOrDigit(c) && c is not ('.' or ' '));
    }

    [Fact]
    public void Ours_says_so()
    {
        PeerId id = PeerId.Create("0123456789ab"u8);
        Assert.StartsWith("-CP0100-", Encoding.ASCII.GetString(id.AsSpan()), StringComparison.Ordinal);
        Assert.Equal("Compeer 0.1", id.ClientName);
        Assert.True(id == new PeerId(id.AsSpan()) && id != PeerId.Create("0123456789ac"u8));
        Assert.Throws<ArgumentException>(() => PeerId.Create("short"u8));
        Assert.Throws<ArgumentException>(() => new PeerId(new byte[21]));
    }

    [Fact]
    public void Any_bytes_give_a_harmless_client_name()
    {
        byte[] bytes = new byte[20];
        for (int seed = 0; seed < 5000; seed++)
        {
            new Random(seed).NextBytes(bytes);
            (bytes[0], bytes[7]) = ((byte)'-', (byte)'-');
            Assert.DoesNotContain(new PeerId(bytes).ClientName, c => !char.IsAsciiLetterOrDigit(c) && c is not ('.' or ' '));
        }
    }

    [Fact]
    public void A_hybrid_has_two_names_of_its_swarm()
    {
        var v1 = Sha1Hash.Of("1"u8);
        var v2 = Sha256Hash.Of("2"u8);
        var truncated = new Sha1Hash(v2.AsSpan()[..20]);
        Assert.Equal((v1, true), (new InfoHashes(v1, v2).Truncated, new InfoHashes(v1, v2).IsHybrid));
        Assert.Equal([v1, truncated], new InfoHashes(v1, v2).SwarmIds);
        Assert.Equal([v1], new InfoHashes(v1, null).SwarmIds);
        Assert.Equal((truncated, false), (new InfoHashes(null, v2).Truncated, new InfoHashes(null, v2).IsHybrid));
        Assert.True(new InfoHashes(v1, v2).Matches(truncated) && !new InfoHashes(v1, null).Matches(truncated));
    }
}
