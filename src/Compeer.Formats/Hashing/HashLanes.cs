using System.Globalization;
using System.Runtime.Intrinsics.X86;

namespace Compeer.Formats.Hashing;

/// <summary>Chooses how this machine hashes. Decision 0014 has the measurements behind it.</summary>
public static class HashLanes
{
    private const string Variable = "COMPEER_HASH_LANES";
    private const int Never = int.MaxValue;
    private const long LanesPayBytes = 128 << 20;

    /// <summary>Every implementation that runs here, fast or slow: for tests and measurements. The system's own comes first.</summary>
    public static IReadOnlyList<IHashLanes> All { get; } =
    [
        new SingleLane(),
        new MultiLane<Words1>(),
        .. Avx2.IsSupported ? (IHashLanes[])[new MultiLane<Words8>(), new MultiLane<Words16>()] : [],
    ];

    /// <summary>The processor has instructions for SHA-1 and SHA-256, which the system's own implementation uses.</summary>
    public static bool HasShaInstructions { get; } =
        X86Base.IsSupported && X86Base.CpuId(0, 0).Eax >= 7 && (X86Base.CpuId(7, 0).Ebx & (1 << 29)) != 0;

    /// <summary>The fastest implementation here; COMPEER_HASH_LANES=1, 8 or 16 in the environment forces one, to compare them.</summary>
    public static IHashLanes Best { get; } = Forced() ?? Fastest();

    /// <summary>
    /// The fastest implementation for a process that hashes no more than <paramref name="bytes"/>: before lanes hash anything they are
    /// compiled, which takes as long as they save in something more than a hundred megabytes against SHA instructions.
    /// </summary>
    public static IHashLanes BestFor(long bytes) =>
        Best is MixedLanes && HasShaInstructions && bytes < LanesPayBytes ? All[0] : Best;

    private static IHashLanes Fastest()
    {
        if (!Avx2.IsSupported)
            return new SingleLane();
        var eight = new MultiLane<Words8>();
        if (Avx512BW.VL.IsSupported)
            return new MixedLanes(new SingleLane(), new MixedLanes.Choice(new MultiLane<Words16>(), 10, 10), HasShaInstructions ? new MixedLanes.Choice(eight, 4, 6) : new MixedLanes.Choice(eight, 3, 3));
        return new MixedLanes(new SingleLane(), HasShaInstructions ? new MixedLanes.Choice(eight, Never, Never) : new MixedLanes.Choice(eight, 4, 4));
    }

    private static IHashLanes? Forced() =>
        int.TryParse(Environment.GetEnvironmentVariable(Variable), CultureInfo.InvariantCulture, out int count) ? All.FirstOrDefault(l => l.Lanes == count) : null;
}
