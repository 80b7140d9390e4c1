using Xunit.Abstractions;

[assembly: TestCollectionOrderer("Compeer.BrowserTests.Lab.LongestFirst", "Compeer.BrowserTests")]

namespace Compeer.BrowserTests.Lab;

/// <summary>Classes that wait for films and walk over every page begin first, so that the last to end is not one that began late.</summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    private static readonly string[] Long = [nameof(PlayTests), nameof(AccessibilityTests), nameof(SeekTests), nameof(TransferTests), nameof(AutomaticTests)];

    public IEnumerable<ITestCollection> OrderTestCollections(IEnumerable<ITestCollection> testCollections) =>
        testCollections.OrderBy(collection => Array.FindIndex(Long, name => collection.DisplayName.EndsWith(name, StringComparison.Ordinal)) is var place and >= 0 ? place : Long.Length);
}
