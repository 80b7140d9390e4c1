namespace Compeer.BrowserTests.Lab;

/// <summary>A fact that also needs a web server, and for it an address of this machine other than loopback.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class WebFactAttribute : FactAttribute
{
    public WebFactAttribute() => Skip = Programs.SkipReason ?? (Programs.AreRequired || WebFolder.OwnAddress is not null ? null : WebFolder.NoAddress);
}
