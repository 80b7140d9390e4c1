using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Compeer.Network.Connections;

namespace Compeer.Network.LocalDiscovery;

/// <summary>An interface's address, from which to announce.</summary>
/// <param name="Index">The interface's number within its address family.</param>
/// <param name="Address">Its first address of that family.</param>
internal readonly record struct MulticastPlace(int Index, IPAddress Address)
{
    /// <summary>
    /// The places of this machine: every interface that is up and can multicast, once for IPv4 and once for IPv6. With
    /// <paramref name="bind"/> only the interface that has it, which may be loopback then.
    /// </summary>
    public static HashSet<MulticastPlace> Find(IPAddress? bind)
    {
        var places = new HashSet<MulticastPlace>();
        bool all = bind is null || bind.Equals(IPAddress.Any) || bind.Equals(IPAddress.IPv6Any);
        foreach (NetworkInterface device in LocalAddresses.Interfaces())
        {
            bool isLoopback = device.NetworkInterfaceType == NetworkInterfaceType.Loopback;
            // Linux does not mark its loopback as one that can multicast, though it can.
            if (device.OperationalStatus is not (OperationalStatus.Up or OperationalStatus.Unknown) || (all ? isLoopback || !device.SupportsMulticast : !isLoopback && !device.SupportsMulticast))
                continue;
            IPInterfaceProperties properties = device.GetIPProperties();
            IPAddress[] own = [.. properties.UnicastAddresses.Select(a => a.Address).Where(a => all ? bind is not { AddressFamily: AddressFamily.InterNetwork } || a.AddressFamily == AddressFamily.InterNetwork : a.Equals(bind))];
            if (own.FirstOrDefault(a => a.AddressFamily == AddressFamily.InterNetwork) is { } v4 && Number(() => properties.GetIPv4Properties()?.Index) is { } index4)
                places.Add(new MulticastPlace(index4, v4));
            if (own.FirstOrDefault(a => a.AddressFamily == AddressFamily.InterNetworkV6) is { } v6 && Number(() => properties.GetIPv6Properties()?.Index) is { } index6)
                places.Add(new MulticastPlace(index6, v6));
        }
        return places;
    }

    private static int? Number(Func<int?> read)
    {
        try
        {
            return read();
        }
        catch (NetworkInformationException)
        {
            // The interface went while we looked, or does not have that family.
            return null;
        }
    }
}

/// <summary>A socket that sends to and hears one multicast group on one interface.</summary>
internal sealed class MulticastPort : IDisposable
{
    private const int MaxRefused = 16;

    // Of multicast DNS: RFC 6762, section 17.
    private const int LongestDatagram = 9000;

    private readonly Queue<byte[]> _refused = new();
    private readonly Socket _socket;
    private readonly IPEndPoint _group;
    private readonly MulticastPlace _place;

    private MulticastPort(Socket socket, IPEndPoint group, MulticastPlace place)
    {
        _socket = socket;
        _group = group;
        _place = place;
    }

    /// <summary>Opens it; null when the system does not let us.</summary>
    public static MulticastPort? TryOpen(MulticastPlace place, IPEndPoint group)
    {
        bool isV6 = group.AddressFamily == AddressFamily.InterNetworkV6;
        SocketOptionLevel level = isV6 ? SocketOptionLevel.IPv6 : SocketOptionLevel.IP;
        Socket? socket = null;
        try
        {
            socket = new Socket(group.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            if (isV6)
                socket.DualMode = false;
            // Every program of the machine that speaks the protocol listens at this port.
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.SetSocketOption(level, SocketOptionName.PacketInformation, true);
            socket.Bind(new IPEndPoint(isV6 ? IPAddress.IPv6Any : IPAddress.Any, group.Port));
            socket.SetSocketOption(level, SocketOptionName.MulticastTimeToLive, 1);
            socket.SetSocketOption(level, SocketOptionName.MulticastLoopback, true);
            if (isV6)
            {
                socket.SetSocketOption(level, SocketOptionName.MulticastInterface, place.Index);
                socket.SetSocketOption(level, SocketOptionName.AddMembership, new IPv6MulticastOption(group.Address, place.Index));
            }
            else
            {
                socket.SetSocketOption(level, SocketOptionName.MulticastInterface, BitConverter.ToInt32(place.Address.GetAddressBytes()));
                socket.SetSocketOption(level, SocketOptionName.AddMembership, new MulticastOption(group.Address, place.Address));
            }
            return new MulticastPort(socket, group, place);
        }
        catch (SocketException)
        {
            socket?.Dispose();
            return null;
        }
    }

    /// <summary>Sends to the group, now or with a later <see cref="SendRefused"/>.</summary>
    public void Send(byte[] datagram)
    {
        if (_refused.Count == MaxRefused)
            _refused.Dequeue();
        _refused.Enqueue(datagram);
        SendRefused();
    }

    /// <summary>Sends what the system has refused so far, as it does while an interface is down or an IPv6 address is new.</summary>
    public void SendRefused()
    {
        while (_refused.TryPeek(out byte[]? datagram) && TrySend(datagram))
            _refused.Dequeue();
    }

    private bool TrySend(byte[] datagram)
    {
        try
        {
            return _socket.SendTo(datagram, SocketFlags.None, _group) == datagram.Length;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }

    /// <summary>
    /// Hears until the port is closed. What was not sent to the group on this very interface is left out: the same datagram
    /// reaches the sockets of all interfaces, and one sent to us alone may come from anywhere.
    /// </summary>
    public async Task ListenAsync(Action<IPEndPoint, ReadOnlyMemory<byte>> heard, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[LongestDatagram + 1];
        var anywhere = new IPEndPoint(_group.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                SocketReceiveMessageFromResult result = await _socket.ReceiveMessageFromAsync(buffer, SocketFlags.None, anywhere, cancellationToken);
                if (result.PacketInformation.Interface == _place.Index && result.PacketInformation.Address.Equals(_group.Address))
                    heard((IPEndPoint)result.RemoteEndPoint, buffer.AsMemory(0, result.ReceivedBytes));
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // The interface went: the next look at the interfaces closes the port.
                if (!await PauseAsync(cancellationToken))
                    return;
            }
        }
    }

    public void Dispose() => _socket.Dispose();

    private static async Task<bool> PauseAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
