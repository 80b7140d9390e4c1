using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Compeer.Network.Native;

namespace Compeer.Network.Transports;

/// <summary>A call for each datagram: for systems without batches.</summary>
internal sealed class ManagedDatagrams : IDatagramCalls
{
    private readonly Socket _socket;
    private readonly int _slotBytes;
    private readonly Slot[] _slots;
    private readonly SocketAddress _to;
    private bool _dontFragment;
    private bool _hasFirst;

    public ManagedDatagrams(Socket socket, DatagramSocketOptions options)
    {
        _socket = socket;
        _slotBytes = options.SlotBytes;
        _to = new SocketAddress(socket.AddressFamily);
        _slots = new Slot[options.Slots];
        // One byte more shows what is too long.
        for (int i = 0; i < _slots.Length; i++)
            _slots[i] = new Slot(GC.AllocateUninitializedArray<byte>(_slotBytes + 1), new SocketAddress(socket.AddressFamily));
    }

    /// <summary>Receives the first datagram, since not every system can wait for one and leave it.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        int length = await _socket.ReceiveFromAsync(_slots[0].Buffer, SocketFlags.None, _slots[0].From, cancellationToken);
        _slots[0].Length = length;
        _hasFirst = true;
    }

    public int Receive()
    {
        int filled = _hasFirst ? 1 : 0;
        _hasFirst = false;
        // Asked first, since "nothing there" would be an exception.
        while (filled < _slots.Length && _socket.Poll(0, SelectMode.SelectRead))
        {
            ref Slot slot = ref _slots[filled];
            try
            {
                slot.Length = _socket.ReceiveFrom(slot.Buffer, SocketFlags.None, slot.From);
            }
            catch (SocketException e)
            {
                // Too long for the slot on some systems; on others an ICMP error of something sent earlier.
                slot.Length = _slotBytes + 1;
                if (e.SocketErrorCode == SocketError.WouldBlock)
                    break;
            }
            filled++;
        }
        return filled;
    }

    public ReadOnlySpan<byte> Received(int slot, out ReadOnlySpan<byte> address, out int segmentBytes)
    {
        ref readonly Slot filled = ref _slots[slot];
        segmentBytes = filled.Length;
        bool isWhole = filled.Length <= _slotBytes;
        address = isWhole ? filled.From.Buffer.Span[..filled.From.Size] : default;
        return isWhole ? filled.Buffer.AsSpan(0, filled.Length) : default;
    }

    public int Send(DatagramBatch batch)
    {
        int sent = 0;
        for (int i = 0; i < batch.Count; i++)
        {
            ref readonly DatagramBatch.Entry entry = ref batch[i];
            try
            {
                if (entry.DontFragment != _dontFragment)
                    PathMtu.SetDontFragment(_socket, _dontFragment = entry.DontFragment);
                batch.AddressOf(i).CopyTo(_to.Buffer.Span);
                _to.Size = entry.AddressLength;
                sent += _socket.SendTo(batch.Buffer.AsSpan(entry.Offset, entry.Length), SocketFlags.None, _to) == entry.Length ? 1 : 0;
            }
            catch (SocketException)
            {
                // No room, too long, or no route.
            }
        }
        return sent;
    }

    private record struct Slot(byte[] Buffer, SocketAddress From)
    {
        public int Length;
    }
}
