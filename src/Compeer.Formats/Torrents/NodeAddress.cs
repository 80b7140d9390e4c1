namespace Compeer.Formats.Torrents;

/// <summary>Where a node of the DHT may be.</summary>
/// <param name="Host">A name or an address; not checked further.</param>
/// <param name="Port">1..65535.</param>
public readonly record struct NodeAddress(string Host, int Port);
