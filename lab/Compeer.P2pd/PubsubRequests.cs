using Compeer.Network.Gossipsub;

namespace Compeer.P2pd;

/// <summary>The requests about publishing and subscribing.</summary>
internal sealed class PubsubRequests(PubsubService pubsub)
{
    private const ulong GetTopics = 0, ListPeers = 1, Publish = 2, Subscribe = 3;

    public async Task AnswerAsync(ControlConnection client, ControlFields fields, CancellationToken cancellationToken)
    {
        string topic = fields.Text(2);
        switch (fields.Number(1))
        {
            case GetTopics:
                await client.WriteAsync(ControlAnswers.Topics(pubsub.Topics), cancellationToken);
                break;
            case ListPeers:
                await client.WriteAsync(ControlAnswers.Subscribers(pubsub.PeersOf(topic)), cancellationToken);
                break;
            case Publish:
                await pubsub.PublishAsync(topic, fields.Bytes(3), cancellationToken);
                await client.WriteAsync(ControlAnswers.Ok, cancellationToken);
                break;
            case Subscribe:
                await SubscribeAsync(client, topic, cancellationToken);
                break;
            default:
                throw ControlRequest.Malformed();
        }
    }

    /// <summary>The messages of a topic until the client hangs up.</summary>
    private async Task SubscribeAsync(ControlConnection client, string topic, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using PubsubSubscription subscription = pubsub.Subscribe(topic);
        await client.WriteAsync(ControlAnswers.Ok, ending.Token);
        Task hangingUp = WaitForEndAsync(client, ending);
        try
        {
            await foreach (ReceivedMessage message in subscription.WithCancellation(ending.Token))
                await client.WriteAsync(ControlAnswers.Published(message.Message), ending.Token);
        }
        catch (OperationCanceledException)
        {
            // It hung up.
        }
        finally
        {
            client.Dispose();
            await hangingUp;
        }
    }

    private static async Task WaitForEndAsync(ControlConnection client, CancellationTokenSource ending)
    {
        try
        {
            await client.ReadAsync(ending.Token);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // That is the end too.
        }
        ending.Cancel();
    }
}
