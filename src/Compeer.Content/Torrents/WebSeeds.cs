using System.Runtime.InteropServices;
using Compeer.Network.Connections;
using Compeer.Network.WebSeeds;
using Compeer.Protocols.PeerWire;
using Compeer.Protocols.Picking;
using Compeer.Protocols.WebSeeds;

namespace Compeer.Content.Torrents;

/// <summary>
/// The web seeds of a torrent, as sources of blocks beside the peers: each claims long stretches that nobody has begun, and
/// when there are none left helps with what is open, like any peer. At most <see cref="MaxSeeds"/>, one request each.
/// </summary>
/// <remarks>Spec: BEP 19. A private torrent may have web seeds: they are no peers, and its author named them.</remarks>
internal sealed class WebSeeds(TorrentSession session)
{
    private const int MaxSeeds = 16;
    private const int MaxEarly = 100;
    private const int MaxHelpingBlocks = 64;

    private readonly List<string> _early = [];
    private readonly List<WebSeedLink> _links = [];
    private readonly Queue<(WebSeedLink Link, TransferBuffer Buffer)> _withheld = new();
    private readonly List<BlockRequest> _claim = [];
    private BlockRequest[]? _helping;
    private WebSeedLayout? _layout;

    /// <summary>Those that may still give something.</summary>
    public int Count => _links.Count(l => l.Session.Closed is null);

    /// <summary>Payload received from web seeds.</summary>
    public long Bytes { get; private set; }

    /// <summary>The last trouble with one, in words; null when there is none.</summary>
    public string? Message { get; private set; }

    /// <summary>More of them: of the torrent file, or of the link. What cannot be used is told and left out.</summary>
    public void Add(IEnumerable<string> urls)
    {
        foreach (string url in urls)
        {
            if (_early.Count < MaxEarly && !_early.Contains(url))
                _early.Add(url);
        }
        if (_layout is not null)
            Open();
    }

    /// <summary>The pieces are known.</summary>
    public void Begin()
    {
        _layout = new WebSeedLayout(session.Metainfo!);
        Open();
    }

    public void OnBytes(WebSeedBytes input)
    {
        WebSeedLink link = input.Link;
        if (input.Request != link.Request)
        {
            link.Connection.Release(input.Buffer);
            return;
        }
        if (!link.IsTold)
        {
            link.IsTold = true;
            session.Tell(new WebSeedChanged(link.Name, "connected", "it gives"));
        }
        link.Down.Add(input.Buffer.Length);
        Bytes += input.Buffer.Length;
        Feed(link, input.Buffer.Span, input.Buffer);
        session.DownLimit.Take(input.Buffer.Length, session.Now);
        if (session.DownLimit.Available(session.Now) < 0)
            _withheld.Enqueue((link, input.Buffer));
        else
            link.Connection.Release(input.Buffer);
    }

    public void OnEnded(WebSeedEnded ended)
    {
        WebSeedLink link = ended.Link;
        if (ended.Request != link.Request)
            return;
        link.Cancel = null;
        link.Session.OnEnded(ended.Failure, session.Now);
        Settle(link);
        Ask(link);
    }

    public void OnTick(bool second)
    {
        while (_withheld.Count > 0 && session.DownLimit.Available(session.Now) >= 0)
        {
            (WebSeedLink link, TransferBuffer buffer) = _withheld.Dequeue();
            link.Connection.Release(buffer);
        }
        foreach (WebSeedLink link in _links)
        {
            link.Down.Tick(session.Now);
            if (_withheld.Count > 0)
                link.Session.OnThrottled(session.Now);
            if (session.Now >= link.Session.NextDeadline && link.Session.OnDeadline(session.Now))
            {
                Stop(link);
                Settle(link);
            }
            if (second)
                link.Connection.ReadLimitBytes = session.DownLimit.BytesPerSecond is > 0 and var limit ? (int)Math.Clamp(limit / 10, 4 * 1024, TransferBufferPool.LargeBytes) : TransferBufferPool.LargeBytes;
            Ask(link);
        }
    }

    /// <summary>A source sent wrong data; false when that number is no web seed's.</summary>
    public bool TryBan(int slot, string reason)
    {
        if (_links.Find(l => l.Slot == slot) is not { } link)
            return false;
        link.Session.Close(reason);
        Stop(link);
        link.IsEndTold = true;
        session.Tell(new WebSeedChanged(link.Name, "banned", reason));
        Settle(link);
        return true;
    }

    /// <summary>Everything wanted is here.</summary>
    public void StopAll()
    {
        foreach (WebSeedLink link in _links)
        {
            Stop(link);
            link.Session.Abandon();
            Settle(link);
        }
    }

    /// <summary>Each, for a person to see.</summary>
    public IEnumerable<PeerDetails> Describe() => _links.Where(l => l.Session.Closed is null).Select(l => new PeerDetails
    {
        EndPoint = l.Name,
        Client = "web seed",
        Way = "webSeed",
        Fraction = 1,
        DownRate = l.Down.BytesPerSecond,
        DownloadedBytes = l.Down.Total,
        AmChoking = true,
        AmInterested = l.Cancel is not null,
        RequestsInFlight = l.Cancel is null ? 0 : 1,
    });

    /// <summary>Called when none of their requests runs any more.</summary>
    public void Dispose()
    {
        foreach (WebSeedLink link in _links)
            link.Connection.Dispose();
    }

    private void Open()
    {
        foreach (string text in _early)
        {
            if (!WebSeedUrl.TryParse(text, out Uri? url, out string problem))
                session.Tell(new TorrentProblem($"A web seed is left out. {problem}"));
            else if (_links.Count < MaxSeeds && !_links.Exists(l => l.Session.Url == url))
                Open(url);
        }
        _early.Clear();
    }

    private void Open(Uri url)
    {
        TorrentClientOptions options = session.Services.Options;
        var connection = new WebSeedConnection(session.Services.WebSeeds, session.Services.Buffers);
        var link = new WebSeedLink(session.Peers.NextSlot(), new WebSeedSession(options.WebSeed, _layout!, url), connection, session.Inputs);
        link.Down.Start(session.Now);
        _links.Add(link);
    }

    /// <summary>Gives it something to do, when it has nothing and there is something.</summary>
    private void Ask(WebSeedLink link)
    {
        if (link.Cancel is not null || !session.Downloads.MayAsk)
            return;
        if (link.Session.IsReady(session.Now) && TryClaim(link))
            Feed(link, [], null);
        if (!link.Session.TryNextRequest(session.Now, out WebSeedRequest? request))
            return;
        int number = ++link.Request;
        var cancel = new CancellationTokenSource();
        link.Cancel = cancel;
        session.BeginRead();
        session.RunAside(async token =>
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(token, cancel.Token);
            try
            {
                WebSeedFailure? failure = await link.Connection.FetchAsync(number, request, link, either.Token);
                session.Post(new WebSeedEnded(link, number, failure));
            }
            catch (OperationCanceledException)
            {
                // Whoever cancelled it knows, and what it had claimed is free again.
            }
            finally
            {
                session.EndRead();
            }
        });
    }

    private bool TryClaim(WebSeedLink link)
    {
        _claim.Clear();
        if (!session.Downloads.Picker.TryPickGap(link.Slot, link.Session.Pieces, link.Session.ClaimBytes, _claim))
        {
            var hints = new PickHints { IsIdle = true };
            _helping ??= new BlockRequest[MaxHelpingBlocks];
            int count = session.Downloads.Picker.Pick(link.Slot, link.Session.Pieces, hints, session.Now, _helping);
            _claim.AddRange(_helping.AsSpan(0, count));
        }
        if (_claim.Count == 0)
            return false;
        link.Session.Claim(CollectionsMarshal.AsSpan(_claim), session.Now);
        return true;
    }

    private void Feed(WebSeedLink link, ReadOnlySpan<byte> data, TransferBuffer? received)
    {
        while (link.Session.TryReceive(ref data, session.Now, out WebSeedBlock block))
            session.Downloads.OnBlock(link.Slot, block.Request, block.Payload, received);
    }

    /// <summary>What it was to fetch and will not is free for others; people are told when it is over.</summary>
    private void Settle(WebSeedLink link)
    {
        bool lost = false;
        while (link.Session.TryTakeLost(out _))
            lost = true;
        if (lost)
        {
            session.Downloads.OnSourceStopped(link.Slot);
            session.MarkAllDirty();
        }
        Message = link.Session.Closed is { } closed ? $"{link.Name}: {closed}"
            : link.Session.Problem is { } problem ? $"{link.Name}: {problem.Message}" : null;
        if (link.Session.Closed is null || link.IsEndTold)
            return;
        link.IsEndTold = true;
        session.Tell(new WebSeedChanged(link.Name, "closed", link.Session.Closed));
    }

    private static void Stop(WebSeedLink link)
    {
        link.Cancel?.Cancel();
        link.Cancel = null;
        link.Request++;
    }
}
