using System.Text;
using Compeer.Protocols.PrivateNetworks;

namespace Compeer.Tests.PrivateNetworks;

public sealed class PreSharedKeyTests
{
    private const string Hex = "1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389";

    /// <summary>NaCl's test of XSalsa20 (stream3).</summary>
    [Fact]
    public void The_cipher_gives_the_stream_of_NaCl()
    {
        byte[] nonce = Convert.FromHexString("69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37"), stream = new byte[32];
        PreSharedKey.FromBytes(Convert.FromHexString(Hex)).CipherOf(nonce).Apply(stream);
        Assert.Equal("eea6a7251c1e72916d11c2cb214d3c252539121d8e234e652d651fa4c8cff880", Convert.ToHexStringLower(stream));
    }

    [Fact]
    public void It_does_not_matter_how_the_stream_is_cut()
    {
        PreSharedKey key = PreSharedKey.FromBytes(new byte[32]);
        byte[] whole = new byte[1000];
        key.CipherOf(new byte[24]).Apply(whole);
        for (int size = 1; size < 200; size += 7)
        {
            byte[] parts = new byte[1000];
            XSalsa20 cipher = key.CipherOf(new byte[24]);
            for (int at = 0; at < parts.Length; at += size)
                cipher.Apply(parts.AsSpan(at, Math.Min(size, parts.Length - at)));
            Assert.Equal(whole, parts);
        }
    }

    [Theory]
    [InlineData("/base16/\n" + Hex, true)]
    [InlineData("/base16/\r\n" + Hex + "\r\n", true)]
    [InlineData("/base64/\nGydVZHPphdRizVEZeppGx2AJVJ6sZHTyBsTuCET2g4k=\n", true)]
    [InlineData("/bin/\n0123456789abcdef0123456789abcdef", true)]
    [InlineData("/bin/\n0123456789abcdef", false)]
    [InlineData("/base16/\n" + Hex + "00", false)]
    [InlineData("/base16/\nzz27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389", false)]
    [InlineData("/base64/\nGydV", false)]
    [InlineData("/base58/\n" + Hex, false)]
    [InlineData("", false)]
    public void Key_files_are_read(string rest, bool isRead)
    {
        byte[] file = Encoding.ASCII.GetBytes("/key/swarm/psk/1.0.0/\n" + rest);
        Assert.Equal(isRead, PreSharedKey.TryRead(file, out PreSharedKey? key));
        Assert.False(PreSharedKey.TryRead(Encoding.ASCII.GetBytes("/key/swarm/psk/2.0.0/\n" + rest), out _));
        if (!isRead)
            return;
        Assert.True(PreSharedKey.TryRead(Encoding.ASCII.GetBytes(key!.ToFileText()), out PreSharedKey? again));
        Assert.Equal(key.ToFileText(), again.ToFileText());
        Assert.DoesNotContain("1b27", key.ToString(), StringComparison.Ordinal);
        Assert.False(PreSharedKey.TryRead([.. file, .. new byte[2000]], out _));
    }
}
