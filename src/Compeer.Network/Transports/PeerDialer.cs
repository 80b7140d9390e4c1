using System.Net;
using System.Net.Sockets;
using Compeer.Network.Connections;
using Compeer.Network.Proxies;
using Compeer.Protocols.MessageStreamEncryption;
using Compeer.Protocols.PeerWire;

namespace Compeer.Network.Transports;

/// <summary>A connected stream whose handshakes are done, or the reason why there is none.</summary>
/// <param name="Stream">The stream; the receiver owns it.</param>
/// <param name="Remote">The remote's handshake.</param>
/// <param name="Failure">One clause in words, when <paramref name="Stream"/> is null.</param>
/// <param name="RefusedEncryption">The remote hung up during an encrypted handshake; where encryption is only preferred, a plain connection was tried after it.</param>
public readonly record struct DialResult(PeerStream? Stream, Handshake Remote, string? Failure, bool RefusedEncryption = false);

/// <summary>
/// Opens outgoing connections, at most <see cref="HandshakeOptions.MaxHalfOpen"/> at once, and fewer to one address. Thread-safe. Where encryption
/// is preferred, a peer that hangs up on it is dialled once more, plain.
/// </summary>
public sealed class PeerDialer(
    HandshakeOptions options, IPAddress? bind, UtpTransport? utp = null, PeerTransports transports = PeerTransports.Both,
    EncryptionPolicy encryption = EncryptionPolicy.Prefer, ProxyDialer? proxy = null) : IDisposable
{
    private readonly StreamRace _race = new(options, bind, utp, transports, proxy);
    private readonly SemaphoreSlim _halfOpen = new(options.MaxHalfOpen);
    private readonly AddressTurns _turns = new(options.MaxHalfOpenPerAddress);

    /// <summary>Connects, sends <paramref name="ours"/> and reads the answer. Many torrents that dial one address take turns, or its listener would turn them away.</summary>
    public async Task<DialResult> DialAsync(IPEndPoint remote, Handshake ours, CancellationToken cancellationToken)
    {
        using AddressTurns.Turn turn = await _turns.TakeAsync(remote.Address, cancellationToken);
        return await DialAsync(token => _race.ConnectAsync(remote, token), ours, cancellationToken);
    }

    /// <summary>The same by a way of the caller's, which may be taken twice.</summary>
    public async Task<DialResult> DialAsync(Func<CancellationToken, Task<PeerStream>> open, Handshake ours, CancellationToken cancellationToken)
    {
        await _halfOpen.WaitAsync(cancellationToken);
        try
        {
            DialResult result = await TryAsync(open, ours, encryption, cancellationToken);
            return result.RefusedEncryption && encryption == EncryptionPolicy.Prefer
                ? await TryAsync(open, ours, EncryptionPolicy.Forbid, cancellationToken) with { RefusedEncryption = true }
                : result;
        }
        finally
        {
            _halfOpen.Release();
        }
    }

    public void Dispose() => _halfOpen.Dispose();

    private async Task<DialResult> TryAsync(Func<CancellationToken, Task<PeerStream>> open, Handshake ours, EncryptionPolicy policy, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        PeerStream? stream = null;
        try
        {
            deadline.CancelAfter(options.ConnectTimeout);
            stream = await open(deadline.Token);
            deadline.CancelAfter(options.HandshakeTimeout);
            DialResult result = policy == EncryptionPolicy.Forbid
                ? await GreetPlainAsync(stream, ours, deadline.Token)
                : await GreetEncryptedAsync(stream, ours, policy, deadline.Token);
            if (result.Stream is null)
                stream.Dispose();
            return result;
        }
        catch (ProxyException e)
        {
            return Failed(e.Message);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            stream?.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
            return Failed(
                e is not SocketException error ? "no answer in time"
                : stream is null || error.SocketErrorCode != SocketError.ConnectionReset ? SocketErrors.Describe(error.SocketErrorCode)
                : HungUp);
        }
    }

    /// <summary>A peer that wants the other kind of handshake says so in no other way.</summary>
    private string HungUp => encryption == EncryptionPolicy.Forbid
        ? "it hung up during the handshake (it may not have this torrent, or require encryption, which is forbidden here)"
        : "it hung up during the handshake (it may not have this torrent)";

    private async Task<DialResult> GreetPlainAsync(PeerStream stream, Handshake ours, CancellationToken cancellationToken) =>
        await PeerHandshake.InitiateAsync(stream, ours, cancellationToken) is { } theirs
            ? new DialResult(stream, theirs, null)
            : Failed(HungUp);

    private async Task<DialResult> GreetEncryptedAsync(PeerStream stream, Handshake ours, EncryptionPolicy policy, CancellationToken cancellationToken)
    {
        EncryptionOptions options = EncryptionOptions.ForDialling(policy, stream.Remote.Address);
        // Our handshake travels within the encrypted one, which saves a round trip; but not where plaintext may be chosen,
        // because Transmission 3 then takes the encrypted payload for plain.
        bool early = options.Methods == CryptoMethods.Rc4;
        byte[] payload = new byte[early ? Handshake.LengthBytes : 0];
        if (early)
            ours.Write(payload);
        EncryptionOutcome outcome = await EncryptionDriver.InitiateAsync(stream, options, ours.InfoHash, payload, cancellationToken);
        if (outcome.Stream is null)
            return Failed(outcome.Failure!) with { RefusedEncryption = true };
        Handshake? theirs = early
            ? await PeerHandshake.ReadAsync(outcome.Stream, cancellationToken)
            : await PeerHandshake.InitiateAsync(outcome.Stream, ours, cancellationToken);
        return theirs is { } known ? new DialResult(outcome.Stream, known, null) : Failed(HungUp);
    }

    private static DialResult Failed(string reason) => new(null, default, reason);
}
