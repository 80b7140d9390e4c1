using System.Net.Sockets;

namespace Compeer.Network.Native;

/// <summary>
/// Lets TCP sockets dial from the port that we listen at, so that a NAT has one mapping for both. Linux only; elsewhere
/// it does nothing and such a dial fails to bind.
/// </summary>
internal static class PortSharing
{
    private const int SolSocket = 1;
    private const int ReuseAddr = 2;
    private const int ReusePort = 15;

    /// <summary>
    /// Allows others of ours to bind the port of <paramref name="listening"/>. Called when it listens already: set before,
    /// it would also let a second program listen there, and take half of our peers.
    /// </summary>
    public static void Allow(Socket listening) => Set(listening);

    /// <summary>Makes an unbound socket able to bind a port that <see cref="Allow"/> was called for.</summary>
    public static void Prepare(Socket dialling) => Set(dialling);

    private static void Set(Socket socket)
    {
        if (!OperatingSystem.IsLinux())
            return;
        socket.SetRawSocketOption(SolSocket, ReuseAddr, BitConverter.GetBytes(1));
        socket.SetRawSocketOption(SolSocket, ReusePort, BitConverter.GetBytes(1));
    }
}
