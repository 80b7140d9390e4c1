using Compeer.Formats.Torrents;
using Compeer.Protocols;
using Compeer.Protocols.MetadataExchange;
using Compeer.Protocols.PeerWire;

namespace Compeer.Content.Torrents;

/// <summary>Fetches the info dictionary from up to three peers at once, each alone, and serves it to others. Spec: BEP 9.</summary>
internal sealed class MetadataTransfer(TorrentSession session)
{
    private const int MaxFetches = 3;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private int Running => session.Links.Values.Count(l => l.Metadata is { State: MetadataFetchState.Running });

    /// <summary>Begins a fetch from a peer that has it, if it is needed.</summary>
    public void Consider(PeerLink link)
    {
        if (session.Metainfo is not null || link.Metadata is not null || link.MetadataRefused
            || link.Wire.Remote is not { Metadata: > 0, MetadataBytes: { } size } || Running >= MaxFetches)
            return;
        link.Metadata = MetadataFetch.Begin(session.InfoHashes, size, session.Now);
        link.MetadataRefused = link.Metadata is null;
        session.MarkDirty(link);
    }

    public void On(PeerLink link, in PeerEvent happened)
    {
        switch (happened.Kind)
        {
            case PeerEventKind.MetadataRequest:
                Serve(link, happened.Index);
                break;
            case PeerEventKind.MetadataData when link.Metadata is { } fetch:
                fetch.OnData(happened.Index, happened.Payload, session.Now);
                Settle(link, fetch);
                break;
            case PeerEventKind.MetadataReject when link.Metadata is { } fetch:
                fetch.OnReject();
                Settle(link, fetch);
                break;
        }
    }

    public void Flush(PeerLink link)
    {
        if (link.Metadata is not { } fetch || session.Metainfo is not null)
            return;
        if (fetch.State == MetadataFetchState.Running && session.Now - fetch.LastProgress > Patience)
        {
            fetch.OnReject();
            Settle(link, fetch);
            return;
        }
        while (fetch.TryNextRequest(out int piece))
            link.Wire.RequestMetadata(piece);
    }

    public void OnGone(PeerLink link)
    {
        if (link.Metadata is not null)
            ConsiderOthers();
    }

    private void Serve(PeerLink link, int piece)
    {
        ReadOnlyMemory<byte> info = session.Metainfo?.InfoBytes ?? default;
        int begin = piece * MetadataFetch.PieceBytes;
        if (piece < 0 || piece > MetadataFetch.MaxBytes / MetadataFetch.PieceBytes || begin >= info.Length)
            link.Wire.RejectMetadata(piece);
        else
            link.Wire.SendMetadata(piece, info.Length, info.Span[begin..Math.Min(info.Length, begin + MetadataFetch.PieceBytes)]);
    }

    private void Settle(PeerLink link, MetadataFetch fetch)
    {
        if (fetch.State == MetadataFetchState.Running || session.Metainfo is not null)
            return;
        link.Metadata = null;
        link.MetadataRefused = true;
        if (fetch.State == MetadataFetchState.Forged)
            session.Peers.Ban(link, link.Address, "it sent a forged description of the torrent");
        else if (fetch.State == MetadataFetchState.Complete)
            Use(fetch.Info);
        ConsiderOthers();
    }

    private void Use(ReadOnlyMemory<byte> info)
    {
        if (Metainfo.TryParseInfo(info, session.InfoHashes, MetainfoLimits.Default, out Metainfo? metainfo, out string error))
        {
            foreach (PeerLink link in session.Links.Values)
                link.Metadata = null;
            Metainfo known = metainfo.WithTrackers(session.Settings.TrackerTiers);
            session.Folder.SaveMetainfo(known.ToTorrentFile());
            session.UseMetainfo(known);
        }
        else
        {
            session.Fail($"The torrent's description cannot be used: {error}.");
        }
    }

    private void ConsiderOthers()
    {
        foreach (PeerLink link in session.Links.Values)
            Consider(link);
    }
}
