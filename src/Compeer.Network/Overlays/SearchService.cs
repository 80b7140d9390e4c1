using System.Buffers.Binary;
using System.Text;
using System.Threading.Channels;
using Compeer.Formats.Hashing;
using Compeer.Formats.Multiformats;
using Compeer.Network.Hosting;
using Compeer.Protocols;
using Compeer.Protocols.NeighbourSearch;

namespace Compeer.Network.Overlays;

/// <summary>Searches among neighbours over the streams of a host. Who is a neighbour its user says. Thread-safe.</summary>
public sealed class SearchService : IOverlayOwner, IAsyncDisposable
{
    private const int MaxWaiting = 1024;

    private readonly SearchNode<PeerId> _node;
    private readonly OverlayDriver<SearchMessage<PeerId>> _driver;
    private readonly Channel<SearchHit<PeerId>> _hits = Channel.CreateBounded<SearchHit<PeerId>>(new BoundedChannelOptions(MaxWaiting) { FullMode = BoundedChannelFullMode.DropOldest });
    private HashSet<PeerId> _neighbours = [];

    private SearchService(PeerHost host, SearchOptions options)
    {
        _node = new SearchNode<PeerId>(host.Id, options, SecureRandom.Instance);
        var driver = new OverlayDriverOptions { Protocols = [SearchCodec.Protocol], MaxMessageBytes = SearchCodec.MaxBytes };
        _driver = OverlayDriver<SearchMessage<PeerId>>.Start(host, _node, new SearchCodec(new HostAddresses(host)), driver, this);
    }

    /// <summary>Who has what we looked for; of those that nobody takes the newest are kept.</summary>
    public ChannelReader<SearchHit<PeerId>> Hits => _hits.Reader;

    /// <summary>Takes part from now on, without neighbours.</summary>
    public static SearchService Start(PeerHost host, SearchOptions? options = null) => new(host, options ?? new SearchOptions());

    /// <summary>The number of a word or name: the start of the SHA-256 of its UTF-8.</summary>
    public static ulong ItemOf(string name) => BinaryPrimitives.ReadUInt64LittleEndian(Sha256Hash.Of(Encoding.UTF8.GetBytes(name)).AsSpan());

    /// <summary>These are our neighbours now, and no others.</summary>
    public void SetNeighbours(IEnumerable<PeerId> peers)
    {
        var wanted = peers.ToHashSet();
        _driver.Step(now =>
        {
            foreach (PeerId gone in _neighbours.Except(wanted))
                _node.RemoveNeighbour(gone);
            // One that was lost is a neighbour again when it is named again.
            foreach (PeerId peer in wanted)
                _node.AddNeighbour(peer, now);
            _neighbours = wanted;
        });
    }

    /// <summary>Questions that came so far.</summary>
    public long Questions => _driver.Step(_ => _node.Questions);

    /// <summary>Shares an item.</summary>
    public void Share(ulong item) => _driver.Step(_ => _node.Share(item));

    /// <summary>Tells all neighbours what is shared here.</summary>
    /// <param name="bits">A power of two from 64 to 65,536; 16 an item.</param>
    public void TellTable(int bits) => _driver.Step(_ => _node.TellTable(bits));

    /// <summary>Asks everybody within so many steps.</summary>
    /// <returns>The search's number, which its hits bear.</returns>
    public ulong Flood(ulong item, int timeToLive) => _driver.Step(now => _node.Flood(item, timeToLive, now));

    /// <summary>Asks everybody near, then farther, until somebody answers.</summary>
    public ulong ExpandRing(ulong item, int first, int last) => _driver.Step(now => _node.ExpandRing(item, first, last, now));

    /// <summary>Sends walkers, each of which goes from neighbour to neighbour until somebody has answered.</summary>
    public ulong Walk(ulong item, int walkers, int steps) => _driver.Step(now => _node.Walk(item, walkers, steps, now));

    void IOverlayOwner.OnStep(Instant now)
    {
        while (_node.TryTakeHit(out SearchHit<PeerId> hit))
            _hits.Writer.TryWrite(hit);
    }

    public ValueTask DisposeAsync() => _driver.DisposeAsync();
}
