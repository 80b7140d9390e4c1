using System.Buffers.Binary;
using Compeer.Protocols.Trackers;

namespace Compeer.Benchmarks.Datagrams;

/// <summary>Announces over UDP: every client as one peer of every swarm, again and again, or once to fill a tracker's memory.</summary>
internal sealed class TrackerLoad(LoadOptions options, bool once) : DatagramLoad(options)
{
    private readonly byte[][] _hashes = [.. Enumerable.Range(0, options.Swarms).Select(LoadOptions.InfoHash)];
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
        Span<byte> request = target[..UdpTrackerCodec.AnnounceLengthBytes];
        request.Clear();
        BinaryPrimitives.WriteUInt64BigEndian(request, _connections[client]);
        BinaryPrimitives.WriteInt32BigEndian(request[8..], (int)UdpTrackerAction.Announce);
        BinaryPrimitives.WriteInt32BigEndian(request[12..], step);
        _hashes[swarm].CopyTo(request[16..]);
        "-XX0000-"u8.CopyTo(request[36..]);
        BinaryPrimitives.WriteInt32BigEndian(request[44..], client);
        BinaryPrimitives.WriteInt64BigEndian(request[64..], client % 4 == 0 ? 0 : 1 << 20);
        BinaryPrimitives.WriteInt32BigEndian(request[92..], 50);
        BinaryPrimitives.WriteUInt16BigEndian(request[96..], (ushort)(1024 + (swarm % 60_000)));
        return request.Length;
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
}
