namespace Compeer.InteropTests.Lab;

/// <summary>A theory that is skipped with a reason where a needed foreign program is missing and not required.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ForeignTheoryAttribute : TheoryAttribute
{
    public ForeignTheoryAttribute(Needs needs)
    {
        Needs = needs;
        Skip = Prerequisites.SkipReason(needs | Needs.Network);
    }

    public Needs Needs { get; }
}
