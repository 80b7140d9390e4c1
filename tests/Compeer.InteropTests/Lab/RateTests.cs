namespace Compeer.InteropTests.Lab;

/// <summary>Tests whose subject is a rate: they run after all others and one after the other. The others wait more than they work, so several classes run at once.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class RateTests : ICollectionFixture<TestContents>
{
    public const string Name = "rates";
}
