using System.Net.Sockets;

namespace Compeer.Network.Connections;

/// <summary>Socket errors in words a person can act on.</summary>
public static class SocketErrors
{
    /// <summary>One clause, without a full stop.</summary>
    public static string Describe(SocketError error) => error switch
    {
        SocketError.ConnectionRefused => "nothing listens there (connection refused)",
        SocketError.ConnectionReset => "it reset the connection",
        SocketError.TimedOut => "no answer in time",
        SocketError.HostUnreachable or SocketError.NetworkUnreachable => "no route to it",
        SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData => "its name could not be looked up",
        SocketError.AddressAlreadyInUse => "another program uses that address and port",
        SocketError.AddressNotAvailable => "this machine does not have that address",
        SocketError.AccessDenied => "the system does not allow it",
        SocketError.TooManyOpenSockets => "this process has no file descriptors left",
        _ => error.ToString(),
    };
}
