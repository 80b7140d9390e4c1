using System.Buffers.Binary;
using Compeer.Formats.Hashing;
using Compeer.Formats.Torrents;
using Compeer.Protocols.Trackers;

namespace Compeer.Benchmarks.Datagrams;

/// <summary>Announces over UDP: every client as one peer of every swarm, again and again, or once to fill a tracker's memory.</summary>
internal sealed class TrackerLoad(LoadOptions options, bool once) : DatagramLoad(options)
{
    private readonly Sha1Hash[] _hashes = [.. Enumerable.Range(0, options.Swarms).Select(swarm => new Sha1Hash(LoadOptions.InfoHash(swarm)))];
    private readonly AnnounceRequest[] _requests = [.. Enumerable.Range(0, options.Clients).Select(NewRequest)];
    private readonly ulong[] _connections = new ulong[options.Clients];
    private readonly int[] _announced = new int[options.Clients];

    protected override bool IsDone => once && _announced.All(count => count >= _hashes.Length);

    protected override int WriteRequest(int client, Span<byte> target)
    {
        if (_connections[client] == 0)
            return UdpTrackerCodec.WriteConnectRequest(target, (uint)client);
        if (once && _announced[client] >= _hashes.Length)
            return 0;
        // Each begins elsewhere, as clients do.
        int step = _announced[client]++;
        int swarm = (int)((step + (client * 7919L)) % _hashes.Length);
        AnnounceRequest request = _requests[client] with { InfoHash = _hashes[swarm], Port = 1024 + (swarm % 60_000) };
        return UdpTrackerCodec.WriteAnnounceRequest(target, _connections[client], (uint)step, request, default);
    }

    protected override bool TakeReply(int client, ReadOnlySpan<byte> datagram, Span<byte> reply, out int replyBytes)
    {
        replyBytes = 0;
        if (datagram.Length < 16)
            return false;
        var action = (UdpTrackerAction)BinaryPrimitives.ReadInt32BigEndian(datagram);
        if (action == UdpTrackerAction.Connect)
            _connections[client] = BinaryPrimitives.ReadUInt64BigEndian(datagram[8..]);
        if (action == UdpTrackerAction.Error)
            Refused++;
        return true;
    }

    private static AnnounceRequest NewRequest(int client)
    {
        byte[] id = new byte[PeerId.LengthBytes];
        "-XX0000-"u8.CopyTo(id);
        BinaryPrimitives.WriteInt32BigEndian(id.AsSpan(8), client);
        return new() { InfoHash = default, PeerId = new PeerId(id), Port = 1024, Left = client % 4 == 0 ? 0 : 1 << 20, NumWant = 50 };
    }
}
