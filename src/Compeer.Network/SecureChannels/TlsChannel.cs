using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Compeer.Formats.Multiformats;
using Compeer.Network.Connections;
using Compeer.Protocols.Identity;
using Compeer.Protocols.Tls;
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

    private const int ReceiveBytes = 4096;

    private readonly ISignatures _signatures;
    private readonly SslStreamCertificateContext _certificate;
    private readonly OpenSslContext? _openSsl;
    private readonly List<SslApplicationProtocol> _protocols;

    // DEVIATION: where both have several muxers the listener's order decides, not the dialler's: SslStream shows no list of the ClientHello.

    /// <summary>Makes the certificate.</summary>
    /// <param name="identity">Who we are.</param>
    /// <param name="signatures">Checks who they are.</param>
    /// <param name="muxers">Ours, the preferred first.</param>
    /// <param name="usesSslStream">Whether .NET's SslStream does everything; else OpenSSL shakes hands by itself where there is one.</param>
    public TlsChannel(ISigner identity, ISignatures signatures, IReadOnlyList<string> muxers, bool usesSslStream = false)
    {
        _signatures = signatures;
        X509Certificate2 certificate = PeerCertificate.Create(identity, DateTimeOffset.UtcNow);
        string[] names = [.. muxers, NoMuxer];
        _certificate = SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true);
        _protocols = [.. names.Select(name => new SslApplicationProtocol(name))];
        _openSsl = !usesSslStream && OpenSslContext.IsAvailable ? new OpenSslContext(certificate, names) : null;
    }

    /// <summary>Whether OpenSSL is here to shake hands by itself, which makes streams faster; else SslStream does everything.</summary>
    public static bool HasOpenSsl => OpenSslContext.IsAvailable;

    /// <summary>After so many records sent a key is replaced; 2^24 at most, of which the limits of AES-GCM allow somewhat more. SslStream never does it.</summary>
    public long RecordsPerKey { get; init; } = TlsRecordCipher.MaxRecordsPerKey;

    public string Protocol => "/tls/1.0.0";

    /// <summary>How long a handshake may take.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    public async Task<SecuredConnection> SecureAsync(PeerStream raw, bool isInitiator, PeerId? expected, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(HandshakeTimeout);
        try
        {
            return _openSsl is { } openSsl
                ? await SecureAsync(openSsl, raw, isInitiator, expected, deadline.Token)
                : await SecureBySslStreamAsync(raw, isInitiator, expected, deadline.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new SecureChannelException($"The handshake took more than {HandshakeTimeout.TotalSeconds:0.#} s.");
        }
    }

    private async Task<SecuredConnection> SecureAsync(OpenSslContext openSsl, PeerStream raw, bool isInitiator, PeerId? expected, CancellationToken cancellationToken)
    {
        PublicKey? remote = null;
        string? Refuses(byte[] presented)
        {
            using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(presented);
            (remote, string? refusal) = Judge(certificate, expected);
            return refusal;
        }
        using var handshake = new OpenSslHandshake(openSsl, isInitiator, Refuses);
        var records = new TlsRecordStream(raw);
        byte[] received = new byte[ReceiveBytes];
        while (!handshake.Step())
        {
            await records.WriteAsync(handshake.TakeOutput(), cancellationToken);
            int length = await records.ReadAsync(received, cancellationToken);
            handshake.Receive(length > 0 ? received.AsSpan(0, length) : throw new SocketException((int)SocketError.ConnectionReset));
        }
        if (handshake.Failure is { } failure)
        {
            await TellAsync(records, handshake.TakeOutput(), cancellationToken);
            throw new SecureChannelException(failure);
        }
        await records.WriteAsync(handshake.TakeOutput(), cancellationToken);
        (TlsRecordCipher sending, TlsRecordCipher receiving) = handshake.TakeCiphers();
        var stream = new TlsCipherStream(raw, new TlsSender(sending, RecordsPerKey), new TlsReceiver(receiving, isInitiator));
        return new SecuredConnection(stream, remote!, MuxerOf(handshake.Protocol));
    }

    /// <summary>Tells the remote of a failure, if it still listens.</summary>
    private static async Task TellAsync(TlsRecordStream records, byte[] alert, CancellationToken cancellationToken)
    {
        try
        {
            await records.WriteAsync(alert, cancellationToken);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Why it failed is what the caller is to know.
        }
    }

    private static string? MuxerOf(string chosen) => chosen is "" or NoMuxer ? null : chosen;

    private async Task<SecuredConnection> SecureBySslStreamAsync(PeerStream raw, bool isInitiator, PeerId? expected, CancellationToken cancellationToken)
    {
        PublicKey? remote = null;
        string? refusal = null;
        bool Accepts(object sender, X509Certificate? presented, X509Chain? chain, SslPolicyErrors errors)
        {
            (remote, refusal) = presented is not X509Certificate2 certificate ? (null, "The peer showed no certificate.")
                : chain is not null && chain.ChainPolicy.ExtraStore.Any(other => !other.RawDataMemory.Span.SequenceEqual(certificate.RawDataMemory.Span))
                    ? (null, "The peer showed more than one certificate.")
                    : Judge(certificate, expected);
            return remote is not null;
        }
        var records = new TlsRecordStream(raw);
        var tls = new SslStream(records, leaveInnerStreamOpen: true, Accepts);
        try
        {
            await (isInitiator
                ? tls.AuthenticateAsClientAsync(ClientOptions(), cancellationToken)
                : tls.AuthenticateAsServerAsync(ServerOptions(), cancellationToken));
            if (remote is null)
                throw new SecureChannelException("The peer showed no certificate.");
            return new SecuredConnection(new TlsPeerStream(raw, records, tls), remote, MuxerOf(Encoding.UTF8.GetString(tls.NegotiatedApplicationProtocol.Protocol.Span)));
        }
        catch (Exception e)
        {
            await tls.DisposeAsync();
            throw e switch
            {
                AuthenticationException => new SecureChannelException(refusal ?? $"TLS failed: {(e.InnerException ?? e).Message}"),
                IOException { InnerException: SocketException or ObjectDisposedException } => e.InnerException,
                IOException => new SocketException((int)SocketError.ConnectionReset),
                _ => e,
            };
        }
    }

    private (PublicKey? Remote, string? Refusal) Judge(X509Certificate2 certificate, PeerId? expected)
    {
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
