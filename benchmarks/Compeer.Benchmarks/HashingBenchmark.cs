using Compeer.Formats.Hashing;

namespace Compeer.Benchmarks;

/// <summary>
/// GB per processor second of every implementation of the hashes on one thread, the implementations taking turns: medians and ranges, and
/// the ratio to the system's own. OPENSSL_ia32cap=:~0x20000000 in the environment hides the SHA instructions from OpenSSL.
/// </summary>
internal static class HashingBenchmark
{
    private const int PieceBytes = 1 << 20;
    private const int LeafBytes = 16 * 1024;
    private const int Pieces = 16;

    public static void Run(int rounds)
    {
        Console.WriteLine($"SHA instructions: {(HashLanes.HasShaInstructions ? "yes" : "no")}; OPENSSL_ia32cap: {Environment.GetEnvironmentVariable("OPENSSL_ia32cap") ?? "not set"}");
        byte[] data = new byte[Pieces * PieceBytes];
        new Random(1).NextBytes(data);
        IReadOnlyList<ReadOnlyMemory<byte>>[] pieces = [.. Cut(data, PieceBytes).Select(piece => (ReadOnlyMemory<byte>[])[piece])];
        ReadOnlyMemory<byte>[] leaves = [.. Cut(data, LeafBytes)];
        var sha1 = new Sha1Hash[pieces.Length];
        var sha256 = new Sha256Hash[leaves.Length];
        var pairs = new Sha256Hash[8192];
        var parents = new Sha256Hash[pairs.Length / 2];
        Compare("SHA-1 of pieces of 1 MiB", "GB/s", rounds, lanes => lanes.Sha1(pieces, sha1), seconds => data.Length / 1e9 / seconds);
        Compare("SHA-256 of leaves of 16 KiB", "GB/s", rounds, lanes => lanes.Sha256(leaves, sha256), seconds => data.Length / 1e9 / seconds);
        Compare("SHA-256 of Merkle pairs", "million/s", rounds, lanes => lanes.Sha256Pairs(pairs, parents), seconds => parents.Length / 1e6 / seconds);
    }

    private static void Compare(string title, string unit, int rounds, Action<IHashLanes> work, Func<double, double> rate)
    {
        // The plain reference, and sixteen lanes without AVX-512, are there to be correct.
        IHashLanes[] all = [.. HashLanes.All.Where(l => l == HashLanes.All[0] || l.Lanes == 8 || (l.Lanes == 16 && System.Runtime.Intrinsics.X86.Avx512F.IsSupported)), HashLanes.Best];
        double[][] rates = [.. all.Select(_ => new double[rounds])];
        for (int round = -2; round < rounds; round++)
        {
            for (int i = 0; i < all.Length; i++)
            {
                // The time of the processor and not of the clock: who else runs on it does not count.
                TimeSpan before = Environment.CpuUsage.TotalTime;
                work(all[i]);
                double seconds = (Environment.CpuUsage.TotalTime - before).TotalSeconds;
                if (round >= 0)
                    rates[i][round] = rate(seconds);
            }
        }
        Console.WriteLine(title);
        for (int i = 0; i < all.Length; i++)
        {
            string name = i == all.Length - 1 ? "chosen" : i == 0 ? "system" : $"{all[i].Lanes} lanes";
            double[] ratios = [.. rates[i].Zip(rates[0], (mine, system) => mine / system).Order()];
            Array.Sort(rates[i]);
            Console.WriteLine($"  {name,-8} {rates[i][rounds / 2],6:f2} ({rates[i][0]:f2}-{rates[i][^1]:f2}) {unit}, {ratios[rounds / 2]:f2}x the system's, round by round");
        }
    }

    private static IEnumerable<ReadOnlyMemory<byte>> Cut(byte[] data, int length) =>
        Enumerable.Range(0, data.Length / length).Select(i => new ReadOnlyMemory<byte>(data, i * length, length));
}
