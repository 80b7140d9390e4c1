using Compeer.Protocols.WebSeeds;

namespace Compeer.Network.WebSeeds;

/// <summary>Carries a failure out of the callback that connects.</summary>
internal sealed class WebSeedRefusedException(WebSeedFailure failure) : IOException(failure.Message)
{
    public WebSeedFailure Failure { get; } = failure;
}
