namespace Compeer.BrowserTests.Lab;

/// <summary>A fact that also needs a web server, and for it an address other than loopback's: one that root adds for the test, or the machine's.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class WebFactAttribute : FactAttribute
{
    public WebFactAttribute() => Skip = Programs.SkipReason ?? (Programs.AreRequired || WebFolder.HasAddress ? null : WebFolder.NoAddress);
}
