namespace Compeer.Tests;

/// <summary>Tests that measure the memory of the whole process: they run one after the other, with nothing beside them.</summary>
[CollectionDefinition(nameof(MeasuredAlone), DisableParallelization = true)]
public sealed class MeasuredAlone;
