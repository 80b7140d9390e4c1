using System.Buffers.Binary;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Compeer.Network.Connections;
using Compeer.Network.Outbound;
using Compeer.Network.Proxies;
using Compeer.Protocols.DomainNames;

namespace Compeer.Network.Names;

/// <summary>
/// Looks up the texts of names, which .NET's resolver cannot: asks the name servers in turn over UDP, and over TCP where the answer is too long
/// for that. Every question has a random number and a port of its own, and only the server's own answer to it counts. Thread-safe.
/// Spec: RFC 1035, section 4.2; RFC 5452; decision 0037.
/// </summary>
/// <param name="servers">Name servers, the best first; null asks those of the system.</param>
/// <param name="policy">Says whether names may be looked up at all.</param>
public sealed class TxtResolver(IReadOnlyList<IPEndPoint>? servers, NetworkPolicy policy)
{
    private const int Port = 53;
    private const int MaxServers = 3;
    private const int Rounds = 2;

    /// <summary>How long a server may take.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The texts of a name, one string a record; none where it has none.</summary>
    /// <exception cref="NameLookupException">Nobody answers, or it may not be asked.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task<IReadOnlyList<string>> ResolveAsync(string name, CancellationToken cancellationToken)
    {
        if (!policy.AllowsDirect(TrafficClass.NameLookup))
            throw new NameLookupException($"{name} is not looked up past the proxy");
        if (!TxtQuestion.IsName(name))
            throw new NameLookupException($"\"{name}\" is no name");
        IReadOnlyList<IPEndPoint> all = [.. (servers ?? SystemServers()).Take(MaxServers)];
        if (all.Count == 0)
            throw new NameLookupException($"{name} cannot be looked up: this machine has no name server");
        string reason = "";
        for (int i = 0; i < Rounds * all.Count; i++)
        {
            IPEndPoint server = all[i % all.Count];
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(Patience);
            try
            {
                if (await AskAsync(name, server, limit.Token) is { } texts)
                    return texts;
                reason = "it refuses";
            }
            catch (SocketException e)
            {
                reason = SocketErrors.Describe(e.SocketErrorCode);
            }
            catch (OperationCanceledException)
            {
                cancellationToken.ThrowIfCancellationRequested();
                reason = "no answer in time";
            }
            reason = $"{server}: {reason}";
        }
        throw new NameLookupException($"{name} cannot be looked up: {reason}");
    }

    /// <summary>The name servers that this machine is set to use.</summary>
    public static IReadOnlyList<IPEndPoint> SystemServers()
    {
        try
        {
            return [.. LocalAddresses.Interfaces().SelectMany(i => i.GetIPProperties().DnsAddresses).Distinct().Select(a => new IPEndPoint(a, Port))];
        }
        catch (NetworkInformationException)
        {
            return [];
        }
    }

    /// <summary>Null where the server refuses.</summary>
    private async Task<IReadOnlyList<string>?> AskAsync(string name, IPEndPoint server, CancellationToken cancellationToken)
    {
        var question = new TxtQuestion(name, (ushort)SecureRandom.Instance.Next(ushort.MaxValue + 1));
        // The system drops what comes from anywhere else than where the socket is connected to.
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(server, cancellationToken);
        await socket.SendAsync(question.Encode(), SocketFlags.None, cancellationToken);
        byte[] answer = new byte[DnsMessage.MaxBytes];
        while (true)
        {
            int received = await socket.ReceiveAsync(answer, SocketFlags.None, cancellationToken);
            switch (question.Read(answer.AsSpan(0, received), out IReadOnlyList<string> texts))
            {
                case TxtOutcome.Answered:
                    return texts;
                case TxtOutcome.Truncated:
                    return await AskOverTcpAsync(question, server, cancellationToken);
                case TxtOutcome.Refused:
                    return null;
            }
        }
    }

    private async Task<IReadOnlyList<string>?> AskOverTcpAsync(TxtQuestion question, IPEndPoint server, CancellationToken cancellationToken)
    {
        using Socket socket = await TcpDial.ConnectAsync([server.Address], server.Port, null, Patience, cancellationToken);
        await using var stream = new NetworkStream(socket);
        byte[] asked = question.Encode(), length = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)asked.Length);
        await stream.WriteAsync((byte[])[.. length, .. asked], cancellationToken);
        try
        {
            await stream.ReadExactlyAsync(length, cancellationToken);
            byte[] answer = new byte[Math.Min((int)BinaryPrimitives.ReadUInt16BigEndian(length), DnsMessage.MaxBytes)];
            await stream.ReadExactlyAsync(answer, cancellationToken);
            return question.Read(answer, out IReadOnlyList<string> texts) == TxtOutcome.Answered ? texts : null;
        }
        catch (IOException)
        {
            throw new SocketException((int)SocketError.ConnectionReset);
        }
    }
}
