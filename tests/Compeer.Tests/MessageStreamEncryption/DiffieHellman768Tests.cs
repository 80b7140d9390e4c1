using System.Globalization;
using System.Numerics;
using Compeer.Protocols.MessageStreamEncryption;

namespace Compeer.Tests.MessageStreamEncryption;

public sealed class DiffieHellman768Tests
{
    private static readonly BigInteger Prime = BigInteger.Parse(
        "0" + "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
        + "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A63A36210000000000090563",
        NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    [Fact]
    public void A_known_exchange_gives_the_known_secret()
    {
        byte[] a = Convert.FromHexString("0123456789abcdef0123456789abcdef01234567"), b = Convert.FromHexString("fedcba9876543210fedcba9876543210fedcba98");
        byte[] keyA = PublicKey(a), keyB = PublicKey(b);
        Assert.Equal("6fd4bc7aa649593205ec30348a3ccc737b61fa01e9e1762c2c53eb69033afecbdf7c13b8ac3643af78d0760b0f42db009f2b96c970f009d060faf617f117d0f1c221cea0561b9a86e852fc70a6f09ad0f82378603aa5e56b811deb3f534bf276", Convert.ToHexStringLower(keyA));
        Assert.Equal("e2666b9cffca63998c8e806db50c47ac12512b327c5ec48d62e0a43c2961afcf136e7219fe2ec51e656b2f01ed089dd8cc53c78e7d650df59a752131bcf8ffff122144bf10c6269b47886d6af58389223c66153ebb5e3dc18ea849ceb60ac18e", Convert.ToHexStringLower(keyB));
        const string secret = "0bf59f468e43b9f22a5fd0ccbc9bd7825a7495f6e670c31533db364b536ee297a737d565ff7829d4c397de16aec19f893e3d28eaa14eaf7e17e1026697089fdff81c7dc7e4c65e6211443d9dd3e5d8b0c0e8b2888af39637af18a75cc1b17685";
        Assert.Equal(secret, Convert.ToHexStringLower(Agree(a, keyB)!));
        Assert.Equal(secret, Convert.ToHexStringLower(Agree(b, keyA)!));
    }

    [Fact]
    public void It_computes_what_big_integers_do()
    {
        var random = new Random(1);
        for (int n = 0; n < 200; n++)
        {
            byte[] exponent = new byte[20], key = new byte[96];
            random.NextBytes(exponent);
            random.NextBytes(key);
            // The edges of the limbs and of the modulus, where carries and the last subtraction matter.
            if (n % 4 == 1)
                key.AsSpan(0, 88).Fill(0xFF);
            else if (n % 4 == 2)
                Fixed(Prime - 2 - n).CopyTo(key, 0);
            else if (n % 4 == 3)
                Fixed(new BigInteger(2 + n)).CopyTo(key, 0);
            BigInteger value = Number(key);
            byte[]? secret = Agree(exponent, key);
            if (value < Prime - 1)
                Assert.Equal(BigInteger.ModPow(value, Number(exponent), Prime), Number(secret!));
            else
                Assert.Null(secret);
            Assert.Equal(BigInteger.ModPow(2, Number(exponent), Prime), Number(PublicKey(exponent)));
        }
    }

    [Fact]
    public void Degenerate_keys_are_refused()
    {
        byte[] mine = new byte[20];
        mine[19] = 5;
        foreach (BigInteger bad in (BigInteger[])[0, 1, Prime - 1, Prime, Prime + 1, Prime + 2, (BigInteger.One << 768) - 1])
            Assert.Null(Agree(mine, Fixed(bad)));
        Assert.NotNull(Agree(mine, Fixed(2)));
        Assert.NotNull(Agree(mine, Fixed(Prime - 2)));
    }

    [Fact]
    public void Small_results_keep_their_width()
    {
        byte[] mine = new byte[20];
        mine[19] = 5;
        byte[] key = PublicKey(mine);
        Assert.Equal(32, key[95]);
        Assert.All(key[..95], b => Assert.Equal(0, b));
    }

    [Fact]
    public void Misuse_is_refused()
    {
        Assert.Throws<ArgumentException>(() => DiffieHellman768.PublicKey(new byte[19], new byte[96]));
        Assert.Throws<ArgumentException>(() => DiffieHellman768.PublicKey(new byte[20], new byte[95]));
        Assert.Throws<ArgumentException>(() => DiffieHellman768.TryAgree(new byte[20], new byte[97], new byte[96]));
    }

    private static byte[] PublicKey(byte[] privateKey)
    {
        byte[] key = new byte[96];
        DiffieHellman768.PublicKey(privateKey, key);
        return key;
    }

    private static byte[]? Agree(byte[] privateKey, byte[] remote)
    {
        byte[] secret = new byte[96];
        return DiffieHellman768.TryAgree(privateKey, remote, secret) ? secret : null;
    }

    private static BigInteger Number(byte[] bytes) => new(bytes, isUnsigned: true, isBigEndian: true);

    private static byte[] Fixed(BigInteger value)
    {
        byte[] bytes = value.ToByteArray(isUnsigned: true, isBigEndian: true);
        return [.. new byte[96 - bytes.Length], .. bytes];
    }
}
