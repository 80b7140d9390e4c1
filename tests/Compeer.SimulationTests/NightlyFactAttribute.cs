namespace Compeer.SimulationTests;

/// <summary>A fact that takes too long for every run: './test --nightly' runs it.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NightlyFactAttribute : FactAttribute
{
    public NightlyFactAttribute()
    {
        if (Environment.GetEnvironmentVariable("COMPEER_NIGHTLY") != "1")
            Skip = "it takes minutes; ./test --nightly runs it";
    }
}
