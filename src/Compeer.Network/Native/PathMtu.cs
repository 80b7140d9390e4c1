using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Compeer.Network.Native;

/// <summary>
/// Forbids the kernel to cut datagrams, without letting it refuse by what it believes of the path: probes must be able to
/// find that out. Where the system has no such option nothing happens, and probing finds no more than the safe size.
/// </summary>
/// <remarks>Linux ip(7), ipv6(7): IP_MTU_DISCOVER with IP_PMTUDISC_PROBE.</remarks>
internal static class PathMtu
{
    private const int Ip = 0;
    private const int IpV6 = 41;
    private const int IpMtuDiscover = 10;
    private const int IpV6MtuDiscover = 23;
    private const int Dont = 0;
    private const int Probe = 3;

    public static void SetDontFragment(Socket socket, bool wanted)
    {
        if (!OperatingSystem.IsLinux())
            return;
        Span<byte> value = stackalloc byte[sizeof(int)];
        MemoryMarshal.Write(value, wanted ? Probe : Dont);
        socket.SetRawSocketOption(Ip, IpMtuDiscover, value);
        if (socket.AddressFamily == AddressFamily.InterNetworkV6)
            socket.SetRawSocketOption(IpV6, IpV6MtuDiscover, value);
    }
}
