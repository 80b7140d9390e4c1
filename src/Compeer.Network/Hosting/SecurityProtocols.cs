namespace Compeer.Network.Hosting;

/// <summary>Protocols that secure connections. Spec: libp2p/specs noise/README.md.</summary>
public static class SecurityProtocols
{
    /// <summary>Noise XX with Curve25519, ChaCha20-Poly1305 and SHA-256.</summary>
    public const string Noise = "/noise";
}
