namespace Compeer.Network.Turn;

/// <summary>What a relay has done since its start, and holds now.</summary>
/// <param name="Allocations">Allocations now.</param>
/// <param name="RelayedBytes">Payload passed on, both directions.</param>
/// <param name="Dropped">Datagrams not passed on.</param>
/// <param name="Challenges">Requests without the right password; each client begins with one.</param>
/// <param name="Bindings">Addresses told.</param>
public readonly record struct TurnServerStatus(int Allocations, long RelayedBytes, long Dropped, long Challenges, long Bindings)
{
    /// <summary>One line for a terminal.</summary>
    public override string ToString() =>
        $"{Allocations} allocations, {RelayedBytes} bytes relayed, {Dropped} datagrams dropped; {Bindings} addresses told, {Challenges} requests refused or asked for a password";
}
