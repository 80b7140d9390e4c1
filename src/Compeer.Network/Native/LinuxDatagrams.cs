using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Compeer.Network.Transports;

namespace Compeer.Network.Native;

/// <summary>
/// Many datagrams a call: recvmmsg and sendmmsg, and trains of datagrams of one size to one receiver that the kernel cuts (UDP_SEGMENT)
/// or puts together (UDP_GRO). Sending needs no state: a train that is refused goes out datagram by datagram.
/// </summary>
/// <remarks>Linux recvmmsg(2), sendmmsg(2), udp(7), cmsg(3); structures as on 64-bit systems.</remarks>
internal sealed class LinuxDatagrams : IDatagramCalls
{
    private const int Udp = 17;
    private const int UdpSegment = 103;
    private const int UdpGro = 104;
    private const int DontWait = 0x40;
    private const int Truncated = 0x20;
    private const int WouldBlock = 11;
    private const int NoBufferSpace = 105;
    private const int MaxMessages = 64;

    // What every kernel with UDP_SEGMENT takes: 64 datagrams, and no more bytes than a datagram can have.
    private const int MaxTrainDatagrams = 64;
    private const int MaxTrainBytes = 65_000;

    // A control message: a header of 16 bytes and a number, rounded up to 8.
    private const int ControlHeaderBytes = 16;
    private const int ControlBytes = 24;

    private readonly Socket _socket;
    private readonly int _slotBytes;
    private readonly byte[] _slots;
    private readonly byte[] _from;
    private readonly byte[] _controls;
    private readonly Vector[] _vectors;
    private readonly Message[] _received;
    private readonly byte[] _trainControls = GC.AllocateArray<byte>(MaxMessages * ControlBytes, pinned: true);
    private readonly Vector[] _sendVectors = GC.AllocateArray<Vector>(MaxMessages, pinned: true);
    private readonly Message[] _sent = GC.AllocateArray<Message>(MaxMessages, pinned: true);
    private readonly Vector[] _single = GC.AllocateArray<Vector>(1, pinned: true);
    private readonly int[] _datagrams = new int[MaxMessages];
    private bool _dontFragment;

    public LinuxDatagrams(Socket socket, DatagramSocketOptions options)
    {
        _socket = socket;
        _slotBytes = options.SlotBytes;
        _slots = GC.AllocateUninitializedArray<byte>(options.Slots * options.SlotBytes, pinned: true);
        _from = GC.AllocateArray<byte>(options.Slots * DatagramBatch.AddressBytes, pinned: true);
        _controls = GC.AllocateArray<byte>(options.Slots * ControlBytes, pinned: true);
        _vectors = GC.AllocateArray<Vector>(options.Slots, pinned: true);
        _received = GC.AllocateArray<Message>(options.Slots, pinned: true);
        for (int i = 0; i < options.Slots; i++)
        {
            _vectors[i] = new Vector(AddressOf(_slots, i * _slotBytes), (nuint)_slotBytes);
            _received[i].Name = AddressOf(_from, i * DatagramBatch.AddressBytes);
            _received[i].Vectors = Marshal.UnsafeAddrOfPinnedArrayElement(_vectors, i);
            _received[i].VectorCount = 1;
            _received[i].Control = AddressOf(_controls, i * ControlBytes);
        }
        if (options.Coalesce && options.SlotBytes >= DatagramSocketOptions.LongestBytes)
            AllowTrains();
    }

    public static bool IsSupported => OperatingSystem.IsLinux() && Environment.Is64BitProcess && BitConverter.IsLittleEndian;

    /// <summary>A receive of nothing waits until there is something, and leaves it.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask WaitAsync(CancellationToken cancellationToken) =>
        await _socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, cancellationToken);

    public int Receive()
    {
        foreach (ref Message message in _received.AsSpan())
        {
            message.NameLength = DatagramBatch.AddressBytes;
            message.ControlLength = ControlBytes;
        }
        for (int tries = 0; tries < 3; tries++)
        {
            int filled = ReceiveMany(_socket.SafeHandle, ref _received[0], (uint)_received.Length, DontWait, IntPtr.Zero);
            if (filled >= 0)
                return filled;
            if (Marshal.GetLastPInvokeError() == WouldBlock)
                break;
            // Interrupted, or an ICMP error of something sent earlier, which is told once.
        }
        return 0;
    }

    public ReadOnlySpan<byte> Received(int slot, out ReadOnlySpan<byte> address, out int segmentBytes)
    {
        ref readonly Message message = ref _received[slot];
        segmentBytes = (int)message.Length;
        address = default;
        if ((message.Flags & Truncated) != 0)
            return default;
        ReadOnlySpan<byte> control = _controls.AsSpan(slot * ControlBytes, ControlBytes);
        if (message.ControlLength >= ControlHeaderBytes + sizeof(int) && IsHeader(control, UdpGro))
            segmentBytes = Math.Max(1, BinaryPrimitives.ReadInt32LittleEndian(control[ControlHeaderBytes..]));
        address = _from.AsSpan(slot * DatagramBatch.AddressBytes, (int)Math.Min(message.NameLength, DatagramBatch.AddressBytes));
        return _slots.AsSpan(slot * _slotBytes, (int)message.Length);
    }

    public int Send(DatagramBatch batch)
    {
        int sent = 0;
        for (int at = 0; at < batch.Count;)
        {
            if (batch[at].DontFragment != _dontFragment)
                PathMtu.SetDontFragment(_socket, _dontFragment = batch[at].DontFragment);
            int count = 0;
            int first = at;
            while (at < batch.Count && count < MaxMessages && batch[at].DontFragment == _dontFragment)
            {
                _datagrams[count] = TrainLength(batch, at);
                Fill(batch, at, _datagrams[count], count);
                at += _datagrams[count++];
            }
            sent += Send(batch, first, count);
        }
        return sent;
    }

    /// <summary>How many of the datagrams from <paramref name="first"/> on make a train: of one receiver and one length, of which the last may be shorter.</summary>
    private static int TrainLength(DatagramBatch batch, int first)
    {
        int length = batch[first].Length;
        int bytes = length;
        int count = 1;
        if (length == 0 || batch[first].DontFragment)
            return 1;
        for (; first + count < batch.Count && count < MaxTrainDatagrams; count++)
        {
            ref readonly DatagramBatch.Entry next = ref batch[first + count];
            bytes += next.Length;
            if (next.Length == 0 || next.Length > length || next.DontFragment || bytes > MaxTrainBytes || !batch.AddressOf(first + count).SequenceEqual(batch.AddressOf(first)))
                break;
            if (next.Length < length)
                return count + 1;
        }
        return count;
    }

    private void Fill(DatagramBatch batch, int first, int datagrams, int message)
    {
        ref readonly DatagramBatch.Entry head = ref batch[first];
        ref readonly DatagramBatch.Entry tail = ref batch[first + datagrams - 1];
        _sendVectors[message] = new Vector(AddressOf(batch.Buffer, head.Offset), (nuint)(tail.Offset + tail.Length - head.Offset));
        _sent[message] = new Message
        {
            Name = AddressOf(batch.Addresses, first * DatagramBatch.AddressBytes),
            NameLength = (uint)head.AddressLength,
            Vectors = Marshal.UnsafeAddrOfPinnedArrayElement(_sendVectors, message),
            VectorCount = 1,
        };
        if (datagrams == 1)
            return;
        Span<byte> control = _trainControls.AsSpan(message * ControlBytes, ControlBytes);
        WriteHeader(control, UdpSegment, ControlHeaderBytes + sizeof(ushort));
        BinaryPrimitives.WriteUInt16LittleEndian(control[ControlHeaderBytes..], (ushort)head.Length);
        _sent[message].Control = AddressOf(_trainControls, message * ControlBytes);
        _sent[message].ControlLength = ControlBytes;
    }

    private int Send(DatagramBatch batch, int first, int count)
    {
        int sent = 0;
        for (int at = 0; at < count;)
        {
            int taken = SendMany(_socket.SafeHandle, ref _sent[at], (uint)(count - at), DontWait);
            int error = taken < 0 ? Marshal.GetLastPInvokeError() : 0;
            for (int end = at + taken; at < end; at++)
            {
                sent += _datagrams[at];
                first += _datagrams[at];
            }
            if (taken > 0)
                continue;
            // Full: what is left would be refused as well.
            if (error is WouldBlock or NoBufferSpace)
                break;
            if (_datagrams[at] > 1)
                sent += SendSingly(batch, first, _datagrams[at]);
            first += _datagrams[at++];
        }
        return sent;
    }

    /// <summary>For a train that the kernel does not cut, because the device or the route cannot.</summary>
    private int SendSingly(DatagramBatch batch, int first, int count)
    {
        int sent = 0;
        for (int i = first; i < first + count; i++)
        {
            _single[0] = new Vector(AddressOf(batch.Buffer, batch[i].Offset), (nuint)batch[i].Length);
            var message = new Message
            {
                Name = AddressOf(batch.Addresses, i * DatagramBatch.AddressBytes),
                NameLength = (uint)batch[i].AddressLength,
                Vectors = Marshal.UnsafeAddrOfPinnedArrayElement(_single, 0),
                VectorCount = 1,
            };
            sent += Math.Max(0, SendMany(_socket.SafeHandle, ref message, 1, DontWait));
        }
        return sent;
    }

    private void AllowTrains()
    {
        try
        {
            Span<byte> yes = stackalloc byte[sizeof(int)];
            MemoryMarshal.Write(yes, 1);
            _socket.SetRawSocketOption(Udp, UdpGro, yes);
        }
        catch (SocketException)
        {
            // Before Linux 5.0: datagrams come one by one.
        }
    }

    private static bool IsHeader(ReadOnlySpan<byte> control, int type) =>
        BinaryPrimitives.ReadInt32LittleEndian(control[8..]) == Udp && BinaryPrimitives.ReadInt32LittleEndian(control[12..]) == type;

    private static void WriteHeader(Span<byte> control, int type, long length)
    {
        BinaryPrimitives.WriteInt64LittleEndian(control, length);
        BinaryPrimitives.WriteInt32LittleEndian(control[8..], Udp);
        BinaryPrimitives.WriteInt32LittleEndian(control[12..], type);
    }

    private static IntPtr AddressOf(byte[] pinned, int index) => Marshal.UnsafeAddrOfPinnedArrayElement(pinned, index);

    [DllImport("libc", EntryPoint = "recvmmsg", SetLastError = true)]
    private static extern int ReceiveMany(SafeSocketHandle socket, ref Message messages, uint count, int flags, IntPtr timeout);

    [DllImport("libc", EntryPoint = "sendmmsg", SetLastError = true)]
    private static extern int SendMany(SafeSocketHandle socket, ref Message messages, uint count, int flags);

    /// <summary>struct iovec.</summary>
    private readonly record struct Vector(IntPtr Start, nuint Length);

    /// <summary>struct mmsghdr.</summary>
    private struct Message
    {
        public IntPtr Name;
        public uint NameLength;
        public IntPtr Vectors;
        public nuint VectorCount;
        public IntPtr Control;
        public nuint ControlLength;
        public int Flags;
        private readonly int _padding;
        public uint Length;
    }
}
