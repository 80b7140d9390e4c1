using Compeer.Formats.Multiformats;
using Compeer.Network.KadDht;
using Compeer.Protocols.KadDht;

namespace Compeer.P2pd;

/// <summary>The requests about the DHT.</summary>
internal sealed class DhtRequests(KadDhtService dht)
{
    private const ulong FindPeer = 0, FindProviders = 2, GetClosestPeers = 3, GetValue = 5, PutValue = 7, Provide = 8;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public async Task AnswerAsync(ControlConnection client, ControlFields fields, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(Limit);
        switch (fields.Number(1))
        {
            case FindPeer:
                PeerId wanted = fields.Peer(2);
                KadPeer found = await dht.FindPeerAsync(wanted, deadline.Token) ?? throw new InvalidDataException($"{wanted} was not found.");
                await client.WriteAsync(ControlAnswers.DhtPeer(found.Id, [.. found.Addresses]), deadline.Token);
                break;
            case FindProviders:
                await client.WriteAsync(ControlAnswers.DhtBegin, deadline.Token);
                await foreach (KadPeer provider in dht.FindProvidersAsync(Content(fields), (int)fields.Number(6), deadline.Token))
                    await client.WriteAsync(ControlAnswers.DhtItem(provider.Id, [.. provider.Addresses]), deadline.Token);
                await client.WriteAsync(ControlAnswers.DhtEnd, deadline.Token);
                break;
            case GetClosestPeers:
                IReadOnlyList<PeerId> closest = await dht.FindClosestAsync(fields.Bytes(4), deadline.Token);
                await client.WriteAsync(ControlAnswers.DhtBegin, deadline.Token);
                foreach (PeerId peer in closest)
                    await client.WriteAsync(ControlAnswers.DhtItem(peer.Bytes.ToArray()), deadline.Token);
                await client.WriteAsync(ControlAnswers.DhtEnd, deadline.Token);
                break;
            case GetValue:
                ReadOnlyMemory<byte> value = await dht.GetValueAsync(fields.Bytes(4), cancellationToken: deadline.Token) ?? throw new InvalidDataException("No value was found.");
                await client.WriteAsync(ControlAnswers.DhtValue(value.ToArray()), deadline.Token);
                break;
            case PutValue:
                await dht.PutValueAsync(fields.Bytes(4), fields.Bytes(5), deadline.Token);
                await client.WriteAsync(ControlAnswers.Ok, deadline.Token);
                break;
            case Provide:
                await dht.ProvideAsync(Content(fields), deadline.Token);
                await client.WriteAsync(ControlAnswers.Ok, deadline.Token);
                break;
            default:
                throw new InvalidDataException("This request to the DHT is not offered here.");
        }
    }

    private static Multihash Content(ControlFields fields) =>
        Cid.TryDecode(fields.Bytes(3), out Cid? cid) ? cid.Hash : throw new InvalidDataException("The request has no CID.");
}
