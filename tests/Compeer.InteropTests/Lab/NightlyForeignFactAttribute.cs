namespace Compeer.InteropTests.Lab;

/// <summary>A fact about time, which a loaded machine can spoil: run by './test --nightly' only.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NightlyForeignFactAttribute : FactAttribute
{
    public NightlyForeignFactAttribute(Needs needs)
    {
        Needs = needs;
        Skip = Environment.GetEnvironmentVariable("COMPEER_NIGHTLY") == "1"
            ? Prerequisites.SkipReason(needs | Needs.Network)
            : "it measures time on a machine that others use too; ./test --nightly runs it";
    }

    public Needs Needs { get; }
}
