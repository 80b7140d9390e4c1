using System.Net.Sockets;
using System.Security.Cryptography;

namespace Compeer.Cli;

/// <summary>
/// Loads, on a thread of the pool, what every transfer needs of the framework and of OpenSSL, while the main thread still reads the command
/// line: another processor is idle then.
/// </summary>
internal sealed class Preload : IThreadPoolWorkItem
{
    /// <summary>Begins; nobody has to wait for its end.</summary>
    public static void Start() => ThreadPool.UnsafeQueueUserWorkItem(new Preload(), preferLocal: false);

    void IThreadPoolWorkItem.Execute()
    {
        SHA1.HashData([]);
        RandomNumberGenerator.Fill(new byte[1]);
        try
        {
            using var tcp = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            using var udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        }
        catch (SocketException)
        {
            // Whoever needs a socket will say so.
        }
    }
}
