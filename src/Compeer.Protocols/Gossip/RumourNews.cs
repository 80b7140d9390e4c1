namespace Compeer.Protocols.Gossip;

/// <summary>A rumour whose payload has come.</summary>
public readonly record struct RumourNews(ulong Rumour, ReadOnlyMemory<byte> Payload);
