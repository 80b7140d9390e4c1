using System.Net;

namespace Compeer.Protocols.Turn;

/// <summary>What a relay's driver has to do.</summary>
public abstract record TurnServerEvent;

/// <summary>An allocation needs a port; answered by <see cref="TurnServer.RelayOpened"/> or <see cref="TurnServer.RelayFailed"/>.</summary>
/// <param name="Relay">The allocation's number, never used twice.</param>
/// <param name="IsV6">The family of the port.</param>
/// <param name="IsEven">Whether the port has to be an even one.</param>
public sealed record TurnRelayWanted(int Relay, bool IsV6, bool IsEven) : TurnServerEvent;

/// <summary>An allocation has ended and its port is to be closed.</summary>
public sealed record TurnRelayEnded(int Relay) : TurnServerEvent;

/// <summary>What to do with a datagram that came in.</summary>
public enum TurnActionKind
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Send the first <see cref="TurnAction.LengthBytes"/> bytes of the output to <see cref="TurnAction.To"/> from the server's port.</summary>
    ToClient,

    /// <summary>Send <see cref="TurnAction.Data"/> to <see cref="TurnAction.To"/> from the port of <see cref="TurnAction.Relay"/>.</summary>
    ToPeer,
}

/// <summary>What to do with a datagram that came in; the data is a part of it.</summary>
public readonly ref struct TurnAction
{
    public TurnActionKind Kind { get; private init; }

    public IPEndPoint? To { get; private init; }

    public int Relay { get; private init; }

    public int LengthBytes { get; private init; }

    public ReadOnlySpan<byte> Data { get; private init; }

    internal static TurnAction ToClient(IPEndPoint client, int length) =>
        length == 0 ? default : new() { Kind = TurnActionKind.ToClient, To = client, LengthBytes = length };

    internal static TurnAction ToPeer(int relay, IPEndPoint peer, ReadOnlySpan<byte> data) =>
        new() { Kind = TurnActionKind.ToPeer, To = peer, Relay = relay, Data = data };
}
