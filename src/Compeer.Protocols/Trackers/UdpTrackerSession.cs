using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Compeer.Formats.Hashing;

namespace Compeer.Protocols.Trackers;

/// <summary>
/// The client's side of the UDP tracker protocol towards one tracker: one request at a time, with connection ids, repetition and time-out.
/// The owner passes in only datagrams that came from the tracker's own address.
/// Spec: BEP 15, BEP 41. Holds one request and one outcome; single-threaded.
/// </summary>
public sealed class UdpTrackerSession
{
    private readonly UdpTrackerSessionOptions _options;
    private readonly bool _isV6;
    private readonly Random _random;

    private AnnounceRequest? _announce;
    private byte[] _urlData = [];
    private Sha1Hash[]? _scrape;

    private ulong _connectionId;
    private Instant _connectionExpires = Instant.Zero;
    private bool _connected;

    private UdpTrackerAction _awaited;
    private uint _transactionId;
    private int _repetitions;
    private bool _sendDue;
    private Instant? _deadline;

    private AnnounceResult? _announceResult;
    private ScrapeResult? _scrapeResult;

    /// <param name="options">Times.</param>
    /// <param name="isV6">Whether the tracker has an IPv6 address: it decides the form of the peers.</param>
    /// <param name="random">Source of transaction ids; unpredictable outside simulations.</param>
    public UdpTrackerSession(UdpTrackerSessionOptions options, bool isV6, Random random)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaxRepetitions, 8, nameof(options));
        _options = options;
        _isV6 = isV6;
        _random = random;
    }

    /// <summary>Whether a request is on its way.</summary>
    public bool IsBusy => _announce is not null || _scrape is not null;

    /// <summary>When <see cref="OnDeadline"/> or <see cref="TryTransmit"/> is due; null when idle.</summary>
    public Instant? NextDeadline => _deadline;

    /// <summary>Starts an announce; <paramref name="urlData"/> is the path and query of the tracker's address (BEP 41), or empty.</summary>
    /// <exception cref="InvalidOperationException">A request is on its way.</exception>
    public void Announce(AnnounceRequest request, ReadOnlySpan<byte> urlData, Instant now)
    {
        ThrowIfBusy();
        _announce = request;
        _urlData = urlData.ToArray();
        Begin(now);
    }

    /// <summary>Starts a scrape of 1 to 74 swarms.</summary>
    /// <exception cref="InvalidOperationException">A request is on its way.</exception>
    public void Scrape(ReadOnlySpan<Sha1Hash> swarms, Instant now)
    {
        ThrowIfBusy();
        if (swarms.IsEmpty || swarms.Length > UdpTrackerCodec.MaxScrapeSwarms)
            throw new ArgumentException($"A scrape asks for 1 to {UdpTrackerCodec.MaxScrapeSwarms} swarms.", nameof(swarms));
        _scrape = swarms.ToArray();
        Begin(now);
    }

    /// <summary>Takes a datagram from the tracker; false when it answers nothing that is awaited, so it changes nothing.</summary>
    public bool Receive(ReadOnlySpan<byte> datagram, Instant now)
    {
        if (!IsBusy
            || _sendDue
            || !UdpTrackerCodec.TryReadResponse(datagram, out UdpTrackerAction action, out uint transactionId, out ReadOnlySpan<byte> body)
            || transactionId != _transactionId
            || (action != _awaited && action != UdpTrackerAction.Error))
            return false;
        return action switch
        {
            UdpTrackerAction.Connect => OnConnected(body, now),
            UdpTrackerAction.Announce => OnAnnounced(body),
            UdpTrackerAction.Scrape => OnScraped(body),
            _ => OnRefused(body),
        };
    }

    /// <summary>Writes the next datagram, if one is to be sent now.</summary>
    public bool TryTransmit(IBufferWriter<byte> output, Instant now)
    {
        if (!_sendDue)
            return false;
        _sendDue = false;
        if (_connected && now >= _connectionExpires)
            _connected = false;
        _transactionId = (uint)_random.NextInt64(1L << 32);
        Span<byte> datagram = output.GetSpan(UdpTrackerCodec.MaxRequestBytes);
        int length;
        if (!_connected)
        {
            _awaited = UdpTrackerAction.Connect;
            length = UdpTrackerCodec.WriteConnectRequest(datagram, _transactionId);
        }
        else if (_announce is not null)
        {
            _awaited = UdpTrackerAction.Announce;
            length = UdpTrackerCodec.WriteAnnounceRequest(datagram, _connectionId, _transactionId, _announce, _urlData);
        }
        else
        {
            _awaited = UdpTrackerAction.Scrape;
            length = UdpTrackerCodec.WriteScrapeRequest(datagram, _connectionId, _transactionId, _scrape);
        }
        output.Advance(length);
        _deadline = now + (_options.FirstTimeout * (1 << _repetitions));
        return true;
    }

    /// <summary>Repeats or gives up when <see cref="NextDeadline"/> has passed.</summary>
    public void OnDeadline(Instant now)
    {
        // While a datagram waits to be sent, the deadline only calls for TryTransmit.
        if (_sendDue || _deadline is not { } due || now < due)
            return;
        if (_repetitions >= _options.MaxRepetitions)
        {
            Fail(TrackerFailureKind.Timeout, "The tracker did not answer in time.");
            return;
        }
        _repetitions++;
        _sendDue = true;
        _deadline = now;
    }

    /// <summary>Takes the outcome of an announce, once.</summary>
    public bool TryTakeAnnounce([NotNullWhen(true)] out AnnounceResult? result)
    {
        result = _announceResult;
        _announceResult = null;
        return result is not null;
    }

    /// <summary>Takes the outcome of a scrape, once.</summary>
    public bool TryTakeScrape([NotNullWhen(true)] out ScrapeResult? result)
    {
        result = _scrapeResult;
        _scrapeResult = null;
        return result is not null;
    }

    private void ThrowIfBusy()
    {
        if (IsBusy)
            throw new InvalidOperationException("One request at a time.");
    }

    private void Begin(Instant now)
    {
        _repetitions = 0;
        _sendDue = true;
        _deadline = now;
    }

    private bool OnConnected(ReadOnlySpan<byte> body, Instant now)
    {
        if (body.Length < 8)
            return false;
        _connectionId = BinaryPrimitives.ReadUInt64BigEndian(body);
        _connectionExpires = now + _options.ConnectionIdLifetime;
        _connected = true;
        _sendDue = true;
        _deadline = now;
        return true;
    }

    private bool OnAnnounced(ReadOnlySpan<byte> body)
    {
        if (!UdpTrackerCodec.TryReadAnnounceBody(body, _isV6, out AnnounceResponse response))
            return false;
        _announceResult = new AnnounceResult(response);
        End();
        return true;
    }

    private bool OnScraped(ReadOnlySpan<byte> body)
    {
        if (!UdpTrackerCodec.TryReadScrapeBody(body, _scrape, out ImmutableDictionary<Sha1Hash, SwarmCounts> swarms))
            return false;
        _scrapeResult = new ScrapeResult(swarms);
        End();
        return true;
    }

    private bool OnRefused(ReadOnlySpan<byte> body)
    {
        string text = RemoteText.Clean(body);
        // The tracker may have forgotten the connection: the next request starts with a new one.
        _connected = false;
        Fail(TrackerFailureKind.Refused, $"The tracker refused: {(text.Length == 0 ? "no reason given" : text)}");
        return true;
    }

    private void Fail(TrackerFailureKind kind, string message)
    {
        var failure = new TrackerFailure(kind, message);
        if (_announce is not null)
            _announceResult = new AnnounceResult(failure);
        else
            _scrapeResult = new ScrapeResult(failure);
        End();
    }

    private void End()
    {
        _announce = null;
        _scrape = null;
        _urlData = [];
        _sendDue = false;
        _deadline = null;
    }
}
