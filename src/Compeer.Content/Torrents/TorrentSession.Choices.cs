using System.Net;
using Compeer.Content.Storage;
using Compeer.Formats.Torrents;
using Compeer.Protocols.Connecting;

namespace Compeer.Content.Torrents;

// What a person decides about a torrent while it runs. A closed one takes it to heart when it opens.
internal sealed partial class TorrentSession
{
    private bool _recheck;

    /// <summary>The pieces are known, and the content is not about to close.</summary>
    public bool IsOpen => !IsAsleep && !IsClosing && _content is { IsKnown: true };

    /// <summary>That content is the one that is open.</summary>
    public bool IsOpenWith(TorrentContent content) => IsOpen && content == _content;

    /// <summary>Wants files more, less or not at all.</summary>
    public void SetPriorities(IReadOnlyList<FilePriority> priorities)
    {
        Settings = Settings with { Priorities = priorities };
        if (IsOpen)
            Content.Select(new FileSelection(Metainfo!, Settings));
        else if (_content is { IsKnown: true } closing)
            closing.Apply(new FileSelection(Metainfo!, Settings));
        else if (IsAsleep && !IsHalted)
            Reopen();
        else if (IsAsleep && Glance() is { } glance)
            _atSleep = glance.Describe(_atSleep!);
        PublishStatus();
    }

    /// <summary>Takes what another link of the torrent names.</summary>
    public void UseLink(MagnetLink link)
    {
        if (IsPrivate || _ending)
            return;
        if (link.Trackers.Length > 0)
            Announces.AddNew(link.Trackers);
        foreach (string text in link.Peers)
        {
            if (IPEndPoint.TryParse(text, out IPEndPoint? peer) && peer.Port > 0)
                Book.Add(peer, PeerSource.Link, Now);
        }
        if (!IsAsleep)
            WebSeeds.Add(link.WebSeeds);
    }

    /// <summary>Fetches pieces in order, or the rarest first.</summary>
    public void SetSequential(bool sequential)
    {
        Settings = Settings with { Sequential = sequential };
        if (IsOpen)
            Downloads.Select(Content.Selection);
    }

    /// <summary>Hashes everything again; one that is paused when it is resumed.</summary>
    public void Recheck()
    {
        _recheck = IsAsleep || Metainfo is not null;
        if (IsPaused || !_recheck)
            return;
        if (IsHalted)
        {
            Resume();
            return;
        }
        Close("the files are being checked");
        if (IsAsleep)
            Reopen();
        else
            SetPhase(TorrentPhase.Checking);
    }

    /// <summary>Whether the content shall be hashed whatever the journal says; said once.</summary>
    public bool TakeRecheck()
    {
        bool asked = _recheck;
        _recheck = false;
        return asked;
    }

    /// <summary>Asks trackers and the DHT for peers now, as far as they allow it.</summary>
    public void Reannounce()
    {
        _announces?.Hasten();
        Discovery.Dht?.Hasten();
        OnTick();
    }
}
