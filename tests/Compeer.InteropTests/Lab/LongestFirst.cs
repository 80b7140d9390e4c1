using Compeer.InteropTests.Lab;
using Xunit.Abstractions;

[assembly: TestCollectionOrderer("Compeer.InteropTests.Lab.LongestFirst", "Compeer.InteropTests")]

namespace Compeer.InteropTests.Lab;

/// <summary>Begins with the classes that take longest, so that none is left alone at the end.</summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    private static readonly string[] Longest =
    [
        nameof(NatMatrixTests), nameof(BareMagnetTests), nameof(RelayTests), nameof(PortMappingTests), nameof(DhtTests), nameof(EncryptionTests), nameof(DiscoveryTests),
        nameof(MatrixTests), nameof(MutableTests), nameof(DoctorTests), nameof(CrashTests), RateTests.Name,
    ];

    public IEnumerable<ITestCollection> OrderTestCollections(IEnumerable<ITestCollection> testCollections) =>
        testCollections.OrderBy(c => Array.FindIndex(Longest, c.DisplayName.Split(' ', '.').Contains) is >= 0 and var place ? place : Longest.Length);
}
