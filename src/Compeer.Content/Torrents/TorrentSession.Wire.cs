using System.Buffers;
using System.Net;
using Compeer.Network.Connections;
using Compeer.Protocols.PeerWire;

namespace Compeer.Content.Torrents;

// What peers send, handed to the part that it is for, and what is sent to them.
internal sealed partial class TorrentSession
{
    private ArrayBufferWriter<byte>? _scratch;

    private void OnBytes(PeerLink link, TransferBuffer buffer)
    {
        ReadOnlySpan<byte> data = buffer.Span;
        while (!link.IsClosed && link.Wire.TryReceive(ref data, Now, out PeerEvent happened))
            Handle(link, happened, buffer);
        if (link.Wire.Closed is { } reason)
            link.Connection.Close(reason);
        DownLimit.Take(buffer.Length, Now);
        // What is over the limit, or more than is hashed in time, keeps its buffer, and so the peer's window, until that is made up for.
        if (MustWait && !IsClosing)
            (_withheld ??= new Queue<(PeerLink, TransferBuffer)>()).Enqueue((link, buffer));
        else
            link.Connection.Release(buffer);
        if (!link.IsQuiet)
            _lastActivity = Now;
        MarkDirty(link);
    }

    private void Handle(PeerLink link, in PeerEvent happened, TransferBuffer buffer)
    {
        switch (happened.Kind)
        {
            case PeerEventKind.Block:
                Downloads.OnBlock(link, happened, buffer);
                break;
            case PeerEventKind.Pieces or PeerEventKind.Have or PeerEventKind.DontHave:
                Downloads.OnPieces(link, happened);
                Uploads.OnPieces(link, happened);
                break;
            case PeerEventKind.Choked:
                Downloads.OnChoked(link);
                break;
            case PeerEventKind.Rejected:
                Downloads.OnRejected(link, new BlockRequest(happened.Index, happened.Begin, happened.Length));
                break;
            case PeerEventKind.InterestChanged:
                Uploads.OnInterest(link);
                break;
            case PeerEventKind.DhtPort:
                if (!IsPrivate)
                    Services.Dht?.AddNode(new IPEndPoint(link.Address, happened.Index));
                break;
            case PeerEventKind.Extensions:
                Peers.OnExtensions(link);
                break;
            case PeerEventKind.MetadataRequest or PeerEventKind.MetadataData or PeerEventKind.MetadataReject:
                Metadata.On(link, happened);
                break;
            case PeerEventKind.HashRequest or PeerEventKind.Hashes or PeerEventKind.HashReject:
                Hashes.On(link, happened);
                break;
            case PeerEventKind.PeerExchange:
                Discovery.Gossip.OnMessage(link, happened.Payload);
                break;
            case PeerEventKind.HolePunch:
                Punches.On(link, happened.HolePunch);
                break;
        }
    }

    private void Flush(PeerLink link)
    {
        Metadata.Flush(link);
        Hashes.Flush(link);
        Downloads.Flush(link);
        Uploads.Flush(link);
        if (link.Wire.Closed is { } reason)
        {
            link.Connection.Close(reason);
            return;
        }
        _scratch ??= new ArrayBufferWriter<byte>(4096);
        _scratch.ResetWrittenCount();
        if (!link.Wire.TryTransmit(_scratch, Now))
            return;
        for (ReadOnlySpan<byte> rest = _scratch.WrittenSpan; !rest.IsEmpty;)
        {
            ReadOnlySpan<byte> part = rest[..Math.Min(rest.Length, TransferBufferPool.LargeBytes)];
            TransferBuffer buffer = Services.Buffers.Rent(part.Length);
            part.CopyTo(buffer.Array);
            buffer.Length = part.Length;
            link.Connection.Send(buffer);
            rest = rest[part.Length..];
        }
    }
}
