[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace Compeer.InteropTests.Lab;

/// <summary>All tests with foreign peers, one after the other: the machine is small and the figures are rates.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class LabRun : ICollectionFixture<TestContents>
{
    public const string Name = "lab";
}
