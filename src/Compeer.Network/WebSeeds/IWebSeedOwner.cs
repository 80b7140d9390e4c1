using Compeer.Network.Connections;

namespace Compeer.Network.WebSeeds;

/// <summary>Gets the bytes of a web seed. Called on threads of the pool, one at a time; returns soon.</summary>
public interface IWebSeedOwner
{
    /// <summary>Bytes of the answer to the request with this number; the owner hands the buffer back with <see cref="WebSeedConnection.Release"/>.</summary>
    void OnReceived(int request, TransferBuffer buffer);
}
