using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Compeer.Protocols.Tls;

namespace Compeer.Network.SecureChannels;

/// <summary>
/// One handshake of TLS 1.3 by OpenSSL, between buffers in memory. It ends with the secrets of both directions; what belongs to OpenSSL is
/// freed with it, so a connection keeps nothing there. Single-threaded.
/// </summary>
/// <remarks>
/// Spec: RFC 8446. OpenSSL tells the secrets in the form of a key log (SSLKEYLOGFILE), to this object and nobody else. Its callbacks come only while
/// <see cref="Step"/> runs, on the same thread.
/// </remarks>
internal sealed class OpenSslHandshake : IDisposable
{
    /// <summary>A label, the client's random, and a secret, in hexadecimal digits.</summary>
    private const int MaxLineBytes = 512;

    // Native code holds them as long as the process lives.
    private static readonly LibSsl.VerifyCallback Verify = OnVerify;
    private static readonly LibSsl.ProtocolCallback Choose = OnProtocols;
    private static readonly LibSsl.KeyLogCallback KeyLog = OnKeyLog;

    [ThreadStatic]
    private static OpenSslHandshake? _running;

    private readonly OpenSslContext _context;
    private readonly bool _isInitiator;
    private readonly Func<byte[], string?> _judge;
    private readonly LibSsl.ConnectionHandle _ssl;
    private readonly IntPtr _incoming;
    private readonly IntPtr _outgoing;
    private bool _isJudged;
    private string? _refusal;
    private byte[] _clientSecret = [];
    private byte[] _serverSecret = [];

    /// <summary>Begins a handshake.</summary>
    /// <param name="context">Our certificate and settings.</param>
    /// <param name="isInitiator">Whether we dialled.</param>
    /// <param name="judge">Gives why the remote's certificate (DER) is refused, or null where it is right.</param>
    public OpenSslHandshake(OpenSslContext context, bool isInitiator, Func<byte[], string?> judge)
    {
        (_context, _isInitiator, _judge) = (context, isInitiator, judge);
        _ssl = LibSsl.NewConnection(context.Handle);
        if (_ssl.IsInvalid)
            throw new CryptographicException("OpenSSL made no connection.");
        (_incoming, _outgoing) = (LibSsl.NewBuffer(LibSsl.MemoryMethod()), LibSsl.NewBuffer(LibSsl.MemoryMethod()));
        LibSsl.SetBuffers(_ssl, _incoming, _outgoing);
        if (isInitiator)
            LibSsl.SetConnect(_ssl);
        else
            LibSsl.SetAccept(_ssl);
    }

    /// <summary>Why it failed; null unless it did.</summary>
    public string? Failure { get; private set; }

    /// <summary>The application protocol that was agreed on; empty where there is none. Known at the end.</summary>
    public string Protocol
    {
        get
        {
            LibSsl.SelectedProtocol(_ssl, out IntPtr name, out uint length);
            return length == 0 ? "" : Marshal.PtrToStringUTF8(name, (int)length);
        }
    }

    /// <summary>Has the callbacks come here.</summary>
    public static void SetCallbacks(LibSsl.ContextHandle context)
    {
        LibSsl.SetVerifyCallback(context, Verify, IntPtr.Zero);
        LibSsl.SetProtocolCallback(context, Choose, IntPtr.Zero);
        LibSsl.SetKeyLogCallback(context, KeyLog);
    }

    /// <summary>Takes bytes of the remote; never beyond the end of a record, since what follows the handshake is not OpenSSL's.</summary>
    public void Receive(ReadOnlySpan<byte> data)
    {
        if (!data.IsEmpty && LibSsl.Write(_incoming, ref MemoryMarshal.GetReference(data), data.Length) != data.Length)
            throw new CryptographicException("OpenSSL took only a part of what came.");
    }

    /// <summary>Goes on as far as what came allows. True when the handshake is over, well or, with <see cref="Failure"/>, not.</summary>
    public bool Step()
    {
        LibCrypto.ClearErrors();
        _running = this;
        int result;
        int error;
        try
        {
            result = LibSsl.Handshake(_ssl);
            error = result == 1 ? 0 : LibSsl.Error(_ssl, result);
        }
        finally
        {
            _running = null;
        }
        if (result == 1)
        {
            // Nothing of this can be otherwise while OpenSSL keeps to its settings. Nothing rests on that.
            if (!_isJudged || LibSsl.IsResumed(_ssl) != 0 || LibSsl.Version(_ssl) != LibSsl.Tls13 || LibSsl.Pending(_incoming) != 0
                || _clientSecret.Length == 0 || _serverSecret.Length == 0)
                Failure = "TLS failed: the handshake ended without what it is for.";
            return true;
        }
        if (error == LibSsl.WantRead)
            return false;
        Failure = _refusal ?? Reason();
        LibCrypto.ClearErrors();
        return true;
    }

    /// <summary>Gives what is to be sent; also after a failure, of which the remote is told.</summary>
    public byte[] TakeOutput()
    {
        byte[] output = new byte[(int)LibSsl.Pending(_outgoing)];
        for (int at = 0; at < output.Length;)
        {
            int read = LibSsl.Read(_outgoing, ref output[at], output.Length - at);
            if (read <= 0)
                throw new CryptographicException("OpenSSL kept a part of what it wrote.");
            at += read;
        }
        return output;
    }

    /// <summary>The ciphers of both directions, each at its first record. Called once, at the end.</summary>
    /// <exception cref="SecureChannelException">The suite is none of those that were offered.</exception>
    public (TlsRecordCipher Sending, TlsRecordCipher Receiving) TakeCiphers()
    {
        var suite = (TlsCipherSuite)LibSsl.CipherNumber(LibSsl.CurrentCipher(_ssl));
        if (!Enum.IsDefined(suite))
            throw new SecureChannelException("TLS failed: a cipher was chosen that is not known here.");
        return (Cipher(_isInitiator ? _clientSecret : _serverSecret), Cipher(_isInitiator ? _serverSecret : _clientSecret));

        TlsRecordCipher Cipher(byte[] secret) => new(OpenSslAead.Create, suite, secret);
    }

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_clientSecret);
        CryptographicOperations.ZeroMemory(_serverSecret);
        _ssl.Dispose();
    }

    private static string Reason()
    {
        CULong error = LibSsl.TakeError();
        // The lowest twelve bits are the reason in every version.
        if ((error.Value & 0xFFF) == LibSsl.NoCertificate)
            return "The peer showed no certificate.";
        return $"TLS failed: {(LibSsl.Reason(error) is var text && text != IntPtr.Zero ? Marshal.PtrToStringUTF8(text) : "the remote ended it")}.";
    }

    /// <summary>Takes the place of OpenSSL's own checks of the certificate, which know only authorities. That the remote has the key, OpenSSL checks afterwards.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "No exception may pass through native code; whatever fails refuses the certificate.")]
    private static int OnVerify(IntPtr store, IntPtr argument)
    {
        try
        {
            if (_running is { } handshake && handshake.Judge(store))
                return 1;
        }
        catch (Exception e)
        {
            if (_running is { } handshake)
                handshake._refusal = $"The certificate could not be judged: {e.Message}";
        }
        LibSsl.SetVerifyError(store, LibSsl.CertificateRejected);
        return 0;
    }

    private bool Judge(IntPtr store)
    {
        _isJudged = true;
        IntPtr presented = LibSsl.Presented(store);
        if (presented != IntPtr.Zero && LibSsl.Count(presented) > 1)
            _refusal = "The peer showed more than one certificate.";
        else
            _refusal = _judge(Encoded(LibSsl.Certificate(store)));
        return _refusal is null;
    }

    private static byte[] Encoded(IntPtr certificate)
    {
        int length = certificate == IntPtr.Zero ? 0 : LibSsl.Encode(certificate, IntPtr.Zero);
        if (length <= 0)
            throw new CryptographicException("OpenSSL shows no certificate.");
        byte[] encoded = new byte[length];
        IntPtr native = Marshal.AllocHGlobal(length);
        try
        {
            IntPtr end = native;
            if (LibSsl.Encode(certificate, ref end) != length)
                throw new CryptographicException("OpenSSL shows a part of the certificate.");
            Marshal.Copy(native, encoded, 0, length);
        }
        finally
        {
            Marshal.FreeHGlobal(native);
        }
        return encoded;
    }

    /// <summary>A listener chooses the first of its own that the dialler has.</summary>
    private static int OnProtocols(IntPtr ssl, out IntPtr chosen, out byte chosenLength, IntPtr offered, uint offeredLength, IntPtr argument)
    {
        (chosen, chosenLength) = (IntPtr.Zero, 0);
        if (_running is not { } handshake || offeredLength > ushort.MaxValue)
            return LibSsl.FatalAlert;
        byte[] list = new byte[(int)offeredLength];
        Marshal.Copy(offered, list, 0, list.Length);
        foreach (byte[] ours in handshake._context.Protocols)
        {
            for (int at = 0; at < list.Length && at + 1 + list[at] <= list.Length; at += 1 + list[at])
            {
                if (!list.AsSpan(at + 1, list[at]).SequenceEqual(ours))
                    continue;
                (chosen, chosenLength) = (offered + at + 1, list[at]);
                return 0;
            }
        }
        return LibSsl.FatalAlert;
    }

    private static void OnKeyLog(IntPtr ssl, IntPtr line)
    {
        if (_running is not { } handshake)
            return;
        Span<byte> text = stackalloc byte[MaxLineBytes];
        int length = 0;
        while (length < MaxLineBytes && Marshal.ReadByte(line, length) is not 0 and var next)
            text[length++] = next;
        text = text[..length];
        if (text.StartsWith("CLIENT_TRAFFIC_SECRET_0 "u8))
            handshake._clientSecret = LastWord(text);
        else if (text.StartsWith("SERVER_TRAFFIC_SECRET_0 "u8))
            handshake._serverSecret = LastWord(text);
        CryptographicOperations.ZeroMemory(text);
    }

    private static byte[] LastWord(ReadOnlySpan<byte> line)
    {
        ReadOnlySpan<byte> word = line[(line.LastIndexOf((byte)' ') + 1)..];
        byte[] secret = new byte[word.Length / 2];
        return Convert.FromHexString(word, secret, out _, out _) == OperationStatus.Done ? secret : [];
    }
}
