using System.Net;
using Microsoft.AspNetCore.Connections;

namespace Compeer.Network.Trackers;

/// <summary>Closes connections of an address that has too many; holds one entry for each address with an open connection. Thread-safe.</summary>
internal sealed class ConnectionQuota(int perAddress)
{
    private readonly Dictionary<IPAddress, int> _open = [];

    public async Task RunAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        IPAddress address = connection.RemoteEndPoint is IPEndPoint remote ? remote.Address : IPAddress.None;
        if (!TryEnter(address))
        {
            connection.Abort(new ConnectionAbortedException("Too many connections from this address."));
            return;
        }
        try
        {
            await next(connection);
        }
        finally
        {
            Leave(address);
        }
    }

    private bool TryEnter(IPAddress address)
    {
        lock (_open)
        {
            int count = _open.GetValueOrDefault(address);
            if (count >= perAddress)
                return false;
            _open[address] = count + 1;
            return true;
        }
    }

    private void Leave(IPAddress address)
    {
        lock (_open)
        {
            if (--_open[address] == 0)
                _open.Remove(address);
        }
    }
}
