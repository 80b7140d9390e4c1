using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Compeer.Formats.Multiformats;
using Compeer.Network.Connections;
using Compeer.Protocols.Identity;
using PublicKey = Compeer.Formats.Multiformats.PublicKey;

namespace Compeer.Network.SecureChannels;

/// <summary>/tls/1.0.0 over a stream: TLS 1.3, both sides with a certificate. Makes one certificate for its lifetime.</summary>
/// <remarks>
/// Spec: libp2p/specs tls; connections/inlined-muxer-negotiation. A dialler is done before the listener has judged its certificate: where
/// that refuses, the first receive fails; it can be the other way round as well. Sessions are never resumed, because that would skip the certificates.
/// </remarks>
public sealed class TlsChannel : ISecureChannel
{
    private const string NoMuxer = "libp2p";

    private readonly ISignatures _signatures;
    private readonly SslStreamCertificateContext _certificate;
    private readonly List<SslApplicationProtocol> _protocols;

    // DEVIATION: where both have several muxers the listener's order decides, not the dialler's: SslStream shows no list of the ClientHello.

    /// <summary>Makes the certificate.</summary>
    /// <param name="identity">Who we are.</param>
    /// <param name="signatures">Checks who they are.</param>
    /// <param name="muxers">Ours, the preferred first.</param>
    public TlsChannel(ISigner identity, ISignatures signatures, IReadOnlyList<string> muxers)
    {
        _signatures = signatures;
        _certificate = SslStreamCertificateContext.Create(PeerCertificate.Create(identity, DateTimeOffset.UtcNow), additionalCertificates: null, offline: true);
        _protocols = [.. muxers.Append(NoMuxer).Select(name => new SslApplicationProtocol(name))];
    }

    public string Protocol => "/tls/1.0.0";

    /// <summary>How long a handshake may take.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    public async Task<SecuredConnection> SecureAsync(PeerStream raw, bool isInitiator, PeerId? expected, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(HandshakeTimeout);
        PublicKey? remote = null;
        string? refusal = null;
        bool Accepts(object sender, X509Certificate? presented, X509Chain? chain, SslPolicyErrors errors)
        {
            (remote, refusal) = Judge(presented as X509Certificate2, chain, expected);
            return remote is not null;
        }
        var records = new TlsRecordStream(raw);
        var tls = new SslStream(records, leaveInnerStreamOpen: true, Accepts);
        try
        {
            await (isInitiator
                ? tls.AuthenticateAsClientAsync(ClientOptions(), deadline.Token)
                : tls.AuthenticateAsServerAsync(ServerOptions(), deadline.Token));
            if (remote is null)
                throw new SecureChannelException("The peer showed no certificate.");
            string chosen = Encoding.UTF8.GetString(tls.NegotiatedApplicationProtocol.Protocol.Span);
            return new SecuredConnection(new TlsPeerStream(raw, records, tls), remote, chosen is "" or NoMuxer ? null : chosen);
        }
        catch (Exception e)
        {
            await tls.DisposeAsync();
            throw e switch
            {
                AuthenticationException => new SecureChannelException(refusal ?? $"TLS failed: {(e.InnerException ?? e).Message}"),
                OperationCanceledException when !cancellationToken.IsCancellationRequested =>
                    new SecureChannelException($"The handshake took more than {HandshakeTimeout.TotalSeconds:0.#} s."),
                IOException { InnerException: SocketException or ObjectDisposedException } => e.InnerException,
                IOException => new SocketException((int)SocketError.ConnectionReset),
                _ => e,
            };
        }
    }

    private (PublicKey? Remote, string? Refusal) Judge(X509Certificate2? certificate, X509Chain? chain, PeerId? expected)
    {
        if (certificate is null)
            return (null, "The peer showed no certificate.");
        if (chain is not null && chain.ChainPolicy.ExtraStore.Any(other => !other.RawDataMemory.Span.SequenceEqual(certificate.RawDataMemory.Span)))
            return (null, "The peer showed more than one certificate.");
        if (!PeerCertificate.TryVerify(certificate, DateTimeOffset.UtcNow, _signatures, out PublicKey? key, out string? reason))
            return (null, reason);
        var id = PeerId.FromPublicKey(key);
        return expected is { } wanted && wanted != id ? (null, $"The peer that answered is {id}, not {wanted}.") : (key, null);
    }

    private SslClientAuthenticationOptions ClientOptions() => new()
    {
        TargetHost = "",
        ClientCertificateContext = _certificate,
        ApplicationProtocols = _protocols,
        EnabledSslProtocols = SslProtocols.Tls13,
        CertificateChainPolicy = Policy(),
        AllowTlsResume = false,
    };

    private SslServerAuthenticationOptions ServerOptions() => new()
    {
        ServerCertificateContext = _certificate,
        ClientCertificateRequired = true,
        ApplicationProtocols = _protocols,
        EnabledSslProtocols = SslProtocols.Tls13,
        CertificateChainPolicy = Policy(),
        AllowTlsResume = false,
    };

    /// <summary>Nothing of the world's trust, and no downloads: the certificate is judged by <see cref="PeerCertificate"/>.</summary>
    private static X509ChainPolicy Policy() => new()
    {
        TrustMode = X509ChainTrustMode.CustomRootTrust,
        RevocationMode = X509RevocationMode.NoCheck,
        DisableCertificateDownloads = true,
    };
}
