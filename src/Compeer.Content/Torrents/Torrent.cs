using System.Net;
using System.Threading.Channels;
using Compeer.Content.Storage;
using Compeer.Formats.Torrents;
using Compeer.Network;
using Compeer.Network.Stun;
using Compeer.Protocols.Connecting;

namespace Compeer.Content.Torrents;

/// <summary>A running torrent, seen from outside its loop. Thread-safe.</summary>
public sealed class Torrent : IAsyncDisposable
{
    private readonly TorrentSession _session;
    private readonly TorrentServices _services;

    internal Torrent(TorrentSession session, TorrentServices services) => (_session, _services) = (session, services);

    internal TorrentSession Session => _session;

    /// <summary>The torrent's ids.</summary>
    public InfoHashes InfoHashes => _session.InfoHashes;

    /// <summary>The newest snapshot. It asks nobody and waits for nothing: thousands cost no more than a copy each.</summary>
    public TorrentStatus Status => _session.Status with
    {
        PublicAddresses = _services.PublicAddresses?.Current ?? PublicAddresses.None,
        Relay = _services.Relay?.Status,
        RelayedBytes = _services.Relay is { } relay ? relay.SentBytes + relay.ReceivedBytes : 0,
        ProxyProblem = _services.Proxy?.Problem,
    };

    /// <summary>
    /// What happens, oldest first; at most 1,000 unread, the oldest dropped. Of a torrent from <see cref="TorrentClient.AddKnown"/>, or without <see cref="TorrentClientOptions.KeepEvents"/>,
    /// what happened before the first look is not kept.
    /// </summary>
    public ChannelReader<TorrentEvent> Events => _session.Events;

    /// <summary>Completes when every wanted piece is verified and on the disk.</summary>
    public Task Completed => _session.Completed;

    /// <summary>Completes with the metainfo when it is known. A sleeping torrent wakes to give it; then it fails with a <see cref="StorageException"/> while another process works on the torrent.</summary>
    public Task<Metainfo> MetainfoKnown => _session.MetainfoKnown;

    /// <summary>Names peers to dial.</summary>
    public void AddPeers(IReadOnlyList<IPEndPoint> peers) => _session.Post(new PeersFound(peers, PeerSource.User));

    /// <summary>Takes what another link of the same torrent names: trackers, peers and web seeds. A private torrent takes nothing.</summary>
    public void AddLink(MagnetLink link) => _session.Post(new TorrentIntent(session => session.UseLink(link)));

    /// <summary>
    /// Puts it to rest: peers go, trackers are told, files are closed. It costs no more than one asleep, and stays so until
    /// <see cref="Resume"/>; a next start is told by <see cref="TorrentSettings.Paused"/>.
    /// </summary>
    public void Pause() => _session.Post(new TorrentIntent(session => session.Pause()));

    /// <summary>Goes on after a pause, or tries again after a failure.</summary>
    public void Resume() => _session.Post(new TorrentIntent(session => session.Resume()));

    /// <summary>Limits this torrent from now on, beside the limits of the client.</summary>
    /// <param name="uploadBytesPerSecond">0 means no limit.</param>
    /// <param name="downloadBytesPerSecond">0 means no limit.</param>
    public void SetRateLimits(long uploadBytesPerSecond, long downloadBytesPerSecond)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(uploadBytesPerSecond);
        ArgumentOutOfRangeException.ThrowIfNegative(downloadBytesPerSecond);
        _session.SetRateLimits(uploadBytesPerSecond, downloadBytesPerSecond);
    }

    /// <summary>Wants files more, less or not at all. Pieces that an unwanted file shares with a wanted one are fetched all the same.</summary>
    /// <param name="priorities">One for each file of the metainfo, padding too; files past its end as usual.</param>
    public void SetPriorities(IReadOnlyList<FilePriority> priorities)
    {
        FilePriority[] kept = [.. priorities];
        _session.Post(new TorrentIntent(session => session.SetPriorities(kept)));
    }

    /// <summary>Fetches pieces in order, for playing while loading, or the rarest first.</summary>
    public void SetSequential(bool sequential) => _session.Post(new TorrentIntent(session => session.SetSequential(sequential)));

    /// <summary>Hashes everything again, whatever is remembered: peers go meanwhile. One that is paused does it when it is resumed.</summary>
    public void Recheck() => _session.Post(new TorrentIntent(session => session.Recheck()));

    /// <summary>Asks trackers and the DHT for peers now, as far as their shortest intervals allow.</summary>
    public void Reannounce() => _session.Post(new TorrentIntent(session => session.Reannounce()));

    /// <summary>
    /// Opens a file to read it while it is still fetched, from any place on: what is read next is fetched first. A sleeping torrent wakes,
    /// and stays awake until the stream is disposed.
    /// </summary>
    /// <exception cref="InvalidOperationException">It cannot be read now: paused, failed, ended, skipped, or not known yet. The message says what to do.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The torrent has no such file.</exception>
    public ValueTask<TorrentFileStream> OpenFileAsync(int fileIndex, CancellationToken cancellationToken) =>
        new(_session.AskAsync(session => new TorrentFileStream(session, session.Readers.Open(fileIndex))).WaitAsync(cancellationToken));

    /// <summary>
    /// Brings its files to another folder: it stands still meanwhile, as for a check, and goes on there. On another file system they are
    /// copied and read back before the old ones go. After a kill in between nothing is lost: begin with the old folder, paused, and
    /// move again.
    /// </summary>
    /// <param name="directory">The folder; made when it is not there.</param>
    /// <returns>Completes when they are there; cancelled when the torrent ends before, and then they are where they were.</returns>
    /// <exception cref="StorageException">It is not possible, such as for want of room, or because something else has a file's place; all is where it was, and the torrent goes on.</exception>
    /// <exception cref="InvalidOperationException">It has ended, or is being moved already.</exception>
    public Task MoveAsync(string directory) => _session.MoveAsync(directory);

    /// <summary>A closer look at peers, trackers, files and pieces. One that sleeps or is paused stays so.</summary>
    /// <exception cref="InvalidOperationException">The torrent has ended.</exception>
    /// <exception cref="StorageException">It is closed, and what is kept of it cannot be read now.</exception>
    public ValueTask<TorrentDetails> GetDetailsAsync(CancellationToken cancellationToken) =>
        new(_session.AskAsync(session => session.DescribeDetails()).WaitAsync(cancellationToken));

    /// <summary>Who has fetched how much from us, most first; those who went are remembered, up to 200.</summary>
    /// <exception cref="InvalidOperationException">The torrent has ended.</exception>
    public ValueTask<IReadOnlyList<TakerDetails>> GetTakersAsync(CancellationToken cancellationToken) =>
        new(_session.AskAsync(session => session.Peers.DescribeTakers()).WaitAsync(cancellationToken));

    /// <summary>Saves, says goodbye to trackers and peers, and ends; at most about two seconds.</summary>
    public ValueTask DisposeAsync() => _session.DisposeAsync();
}
