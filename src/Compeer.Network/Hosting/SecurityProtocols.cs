namespace Compeer.Network.Hosting;

/// <summary>Protocols that secure connections. Spec: libp2p/specs noise/README.md, tls/tls.md.</summary>
public static class SecurityProtocols
{
    /// <summary>Noise XX with Curve25519, ChaCha20-Poly1305 and SHA-256.</summary>
    public const string Noise = "/noise";

    /// <summary>TLS 1.3 with a certificate that the peer's key has signed.</summary>
    public const string Tls = "/tls/1.0.0";
}
