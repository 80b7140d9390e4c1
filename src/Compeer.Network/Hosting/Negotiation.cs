using System.Net.Sockets;
using Compeer.Network.Connections;
using Compeer.Protocols.MultistreamSelect;

namespace Compeer.Network.Hosting;

/// <summary>Runs the machines of multistream-select over a stream; not a byte is read beyond the agreement.</summary>
internal static class Negotiation
{
    /// <summary>Receives at least one byte, 0 at the end.</summary>
    public delegate ValueTask<int> Receive(Memory<byte> target, CancellationToken cancellationToken);

    /// <summary>Sends everything.</summary>
    public delegate ValueTask Send(ReadOnlyMemory<byte> data, CancellationToken cancellationToken);

    /// <summary>Proposes protocols; the one that is agreed on.</summary>
    /// <exception cref="ProtocolRefusedException">The remote has none of them, or breaks the rules.</exception>
    public static async Task<string> ProposeAsync(IReadOnlyList<string> protocols, Receive receive, Send send, CancellationToken cancellationToken)
    {
        var dialer = new NegotiationDialer(protocols);
        await RunAsync(dialer.TakeOutput, () => dialer.BytesNeeded, data => dialer.Receive(data.Span), receive, send, cancellationToken);
        return dialer.Agreed ?? throw new ProtocolRefusedException(dialer.Failure ?? "it hung up during the negotiation");
    }

    /// <summary>Answers proposals; the one that is agreed on.</summary>
    /// <exception cref="ProtocolRefusedException">The remote proposes nothing that we have, or breaks the rules.</exception>
    public static async Task<string> AnswerAsync(Func<string, bool> isAvailable, Receive receive, Send send, CancellationToken cancellationToken)
    {
        var listener = new NegotiationListener(isAvailable);
        await RunAsync(listener.TakeOutput, () => listener.BytesNeeded, data => listener.Receive(data.Span), receive, send, cancellationToken);
        return listener.Agreed ?? throw new ProtocolRefusedException(listener.Failure ?? "it hung up during the negotiation");
    }

    /// <inheritdoc cref="ProposeAsync(IReadOnlyList{string}, Receive, Send, CancellationToken)"/>
    public static Task<string> ProposeAsync(IReadOnlyList<string> protocols, PeerStream stream, CancellationToken cancellationToken) =>
        ProposeAsync(protocols, stream.ReceiveAsync, (data, token) => SendAllAsync(stream, data, token), cancellationToken);

    /// <inheritdoc cref="AnswerAsync(Func{string, bool}, Receive, Send, CancellationToken)"/>
    public static Task<string> AnswerAsync(Func<string, bool> isAvailable, PeerStream stream, CancellationToken cancellationToken) =>
        AnswerAsync(isAvailable, stream.ReceiveAsync, (data, token) => SendAllAsync(stream, data, token), cancellationToken);

    /// <summary>Sends everything.</summary>
    /// <exception cref="SocketException">The stream is broken.</exception>
    public static async ValueTask SendAllAsync(PeerStream stream, ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        while (data.Length > 0)
            data = data[await stream.SendAsync(data, cancellationToken)..];
    }

    private static async Task RunAsync(
        Func<byte[]> takeOutput, Func<int> bytesNeeded, Action<ReadOnlyMemory<byte>> take, Receive receive, Send send, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[128];
        while (true)
        {
            if (takeOutput() is { Length: > 0 } output)
                await send(output, cancellationToken);
            int needed = bytesNeeded();
            if (needed == 0)
                return;
            int received = await receive(buffer.AsMemory(0, Math.Min(needed, buffer.Length)), cancellationToken);
            if (received == 0)
                return;
            take(buffer.AsMemory(0, received));
        }
    }
}
