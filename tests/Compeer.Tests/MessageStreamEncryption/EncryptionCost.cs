using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using Compeer.Protocols.MessageStreamEncryption;
using Xunit.Abstractions;

namespace Compeer.Tests.MessageStreamEncryption;

/// <summary>Prints what encryption costs; asserts nothing about time. See docs/benchmarks.md.</summary>
public sealed class EncryptionCost(ITestOutputHelper output)
{
    [Fact]
    public void Measure()
    {
        byte[] data = new byte[256 * 1024], privateKey = new byte[20], key = new byte[96], secret = new byte[96];
        new Random(1).NextBytes(privateKey);
        DiffieHellman768.PublicKey(privateKey, key);
        var cipher = new Rc4(privateKey);
        double block = BestSeconds(200, () => cipher.Apply(data));
        double power = BestSeconds(300, () => DiffieHellman768.TryAgree(privateKey, key, secret));
        BigInteger value = new(key, isUnsigned: true, isBigEndian: true), exponent = new(privateKey, isUnsigned: true, isBigEndian: true);
        BigInteger modulus = (BigInteger.One << 768) - 0x90563; // as long as P; any odd number costs the same
        double bigPower = BestSeconds(100, () => BigInteger.ModPow(value, exponent, modulus));
        double handshake = BestSeconds(200, () => new HandshakePair().Run());
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"RC4 {data.Length / block / 1e6:0} MB/s"));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"power {power * 1e6:0} us, with BigInteger {bigPower * 1e6:0} us"));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"handshakes, both sides in one thread {1 / handshake:0} a second"));
        Assert.NotEqual(new byte[96], secret);
    }

    /// <summary>The best of several rounds, after warming up: the machine is shared, and only the best is the code's own.</summary>
    private static double BestSeconds(int times, Action work)
    {
        double best = double.MaxValue;
        for (int round = 0; round < 12; round++)
        {
            long start = Stopwatch.GetTimestamp();
            for (int n = 0; n < times; n++)
                work();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds / times);
        }
        return best;
    }
}
