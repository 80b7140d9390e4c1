using System.Net;

namespace Compeer.Network.Turn;

/// <summary>What a relay does for us.</summary>
/// <param name="Relayed">Where others reach us through it; null while there is no such port.</param>
/// <param name="Problem">Why there is none, in words; null while there is one, or none was asked for yet.</param>
/// <param name="OwnAddress">Our own address as the relay sees it; null while there is no port, or when it did not say.</param>
public sealed record RelayStatus(IPEndPoint? Relayed, string? Problem, IPAddress? OwnAddress = null);
