namespace Compeer.BrowserTests.Lab;

/// <summary>A fact that needs the page's npm packages and a browser.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PackagesFactAttribute : FactAttribute
{
    public PackagesFactAttribute() => Skip = Programs.PackagesSkipReason ?? Programs.SkipReason;
}
