using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using Compeer.Formats.Hashing;

namespace Compeer.Protocols.LocalDiscovery;

/// <summary>A peer that announced itself on the local network.</summary>
/// <param name="InfoHash">The torrent that it has.</param>
/// <param name="EndPoint">Where it listens.</param>
public readonly record struct LocalPeer(Sha1Hash InfoHash, IPEndPoint EndPoint);

/// <summary>
/// Announces all torrents of a node on the local network and hears who else has them. Single-threaded; never throws on what
/// comes in; ends only with its owner. Bounds: <see cref="LocalDiscoveryOptions"/>; events wait until taken, at most those of
/// one datagram when they are taken after each.
/// </summary>
/// <remarks>Spec: BEP 14. Private torrents are not to be added (BEP 27).</remarks>
public sealed class LocalDiscoverySession
{
    private readonly LocalDiscoveryOptions _options;
    private readonly Random _random;
    private readonly string _cookie;
    private readonly Dictionary<Sha1Hash, Instant> _due = [];
    private readonly Dictionary<IPAddress, int> _heard = [];
    private readonly Queue<LocalPeer> _events = new();
    private Instant _heardSince;
    private Instant _nextAllowed;
    private Instant _nextDue = Instant.Never;

    /// <param name="options">Bounds and timers.</param>
    /// <param name="port">Where we listen for peers.</param>
    /// <param name="random">Chooses the cookie and the delays.</param>
    public LocalDiscoverySession(LocalDiscoveryOptions options, int port, Random random)
    {
        _options = options;
        _random = random;
        Port = port;
        _cookie = random.NextInt64(1L << 48).ToString("x12", CultureInfo.InvariantCulture);
    }

    /// <summary>Where we listen for peers.</summary>
    public int Port { get; }

    /// <summary>Torrents announced.</summary>
    public int Count => _due.Count;

    /// <summary>When <see cref="TryTransmit"/> has something to say; after a removal it may have nothing.</summary>
    public Instant NextDeadline => _due.Count == 0 ? Instant.Never : _nextDue > _nextAllowed ? _nextDue : _nextAllowed;

    /// <summary>Announces a torrent from now on, the first time as soon as the rules allow.</summary>
    public void Add(Sha1Hash infoHash, Instant now) => SetDue(infoHash, now);

    /// <summary>Announces a torrent no more.</summary>
    public void Remove(Sha1Hash infoHash)
    {
        // The next due is left as it is: of thousands that end together each would look through all the others.
        if (_due.Remove(infoHash) && _due.Count == 0)
            _nextDue = Instant.Never;
    }

    /// <summary>An interface was added: whoever is there has not heard of us yet.</summary>
    public void OnNewInterface(Instant now)
    {
        foreach (Sha1Hash hash in _due.Keys.ToArray())
            SetDue(hash, now);
    }

    /// <summary>Takes a datagram that came to one of the groups.</summary>
    public void Receive(IPEndPoint from, ReadOnlySpan<byte> datagram, Instant now)
    {
        if (!MayHear(from.Address, now) || !LocalDiscoveryCodec.TryRead(datagram, out LocalAnnouncement? heard) || heard.Cookie == _cookie)
            return;
        foreach (Sha1Hash hash in heard.InfoHashes)
        {
            if (!_due.TryGetValue(hash, out Instant due))
                continue;
            _events.Enqueue(new LocalPeer(hash, new IPEndPoint(from.Address, heard.Port)));
            Instant answer = now + (_options.MaxAnswerDelay * _random.NextDouble());
            if (answer < due && answer >= _nextAllowed)
                SetDue(hash, answer);
        }
    }

    /// <summary>The next announcement, to be sent to both groups on every interface; false when none is due.</summary>
    public bool TryTransmit(Instant now, [NotNullWhen(true)] out LocalAnnouncement? announcement)
    {
        announcement = null;
        if (now < NextDeadline)
            return false;
        ImmutableArray<Sha1Hash> hashes = [.. _due.Where(d => d.Value <= now).OrderBy(d => d.Value).Take(LocalDiscoveryCodec.MaxInfoHashes).Select(d => d.Key)];
        foreach (Sha1Hash hash in hashes)
            _due[hash] = now + _options.Interval;
        _nextDue = Earliest();
        if (hashes.IsEmpty)
            return false;
        _nextAllowed = now + _options.Gap;
        announcement = new LocalAnnouncement(Port, hashes, _cookie);
        return true;
    }

    /// <summary>Takes a peer that was heard.</summary>
    public bool TryTakeEvent(out LocalPeer peer) => _events.TryDequeue(out peer);

    private void SetDue(Sha1Hash infoHash, Instant due)
    {
        _due[infoHash] = due;
        _nextDue = Instant.Min(_nextDue, due);
    }

    private Instant Earliest()
    {
        Instant earliest = Instant.Never;
        foreach (Instant due in _due.Values)
            earliest = Instant.Min(earliest, due);
        return earliest;
    }

    private bool MayHear(IPAddress address, Instant now)
    {
        if (now - _heardSince >= TimeSpan.FromMinutes(1))
        {
            _heard.Clear();
            _heardSince = now;
        }
        int count = _heard.GetValueOrDefault(address);
        if (count >= _options.MaxPerAddress || (count == 0 && _heard.Count >= _options.MaxAddresses))
            return false;
        _heard[address] = count + 1;
        return true;
    }
}
