using Compeer.Content.Workers;
using Compeer.Network.Connections;
using Compeer.Network.WebSeeds;
using Compeer.Protocols.WebSeeds;

namespace Compeer.Content.Torrents;

/// <summary>One web seed of one torrent: its connection, its session, and what the loop remembers of it. The loop's own, but for the connection's calls, which only post.</summary>
internal sealed class WebSeedLink(int slot, WebSeedSession session, WebSeedConnection connection, Inbox<TorrentInput> inputs) : IWebSeedOwner
{
    /// <summary>Its number among the torrent's sources; peers have others.</summary>
    public int Slot { get; } = slot;

    public WebSeedSession Session { get; } = session;

    public WebSeedConnection Connection { get; } = connection;

    public string Name { get; } = WebSeedUrl.ForDisplay(session.Url);

    /// <summary>The number of the newest request; what comes of older ones is dropped.</summary>
    public int Request { get; set; }

    /// <summary>Ends the request under way; null when there is none.</summary>
    public CancellationTokenSource? Cancel { get; set; }

    /// <summary>People were told that it gives.</summary>
    public bool IsTold { get; set; }

    /// <summary>People were told that it gives no more.</summary>
    public bool IsEndTold { get; set; }

    public RateMeter Down { get; } = new();

    public void OnReceived(int request, TransferBuffer buffer)
    {
        if (!inputs.Post(new WebSeedBytes(this, request, buffer)))
            Connection.Release(buffer);
    }
}
