using Compeer.Formats.Multiformats;
using Compeer.Network.Overlays;
using Compeer.Network.SecureChannels;
using Compeer.Protocols;
using Compeer.Protocols.Gossipsub;

namespace Compeer.Network.Gossipsub;

// What arrives is checked on the task of the stream that brought it, so who sends much waits for his own messages.
public sealed partial class PubsubService
{
    void IOverlayOwner.OnStep(Instant now)
    {
        while (_router.TryTakeEvent(out GossipsubEvent<PeerId> e))
            _events.Enqueue(e);
    }

    async ValueTask IOverlayOwner.OnReceivedAsync(CancellationToken cancellationToken)
    {
        while (_events.TryDequeue(out GossipsubEvent<PeerId>? e))
        {
            switch (e)
            {
                case GossipsubEvent<PeerId>.Arrived arrived:
                    await CheckAsync(arrived);
                    break;
                case GossipsubEvent<PeerId>.SubscriptionChanged changed:
                    SubscriptionChanged?.Invoke(changed.Peer, changed.Topic, changed.Subscribes);
                    break;
                case GossipsubEvent<PeerId>.PeersOffered offered:
                    _scope.TryRun(token => ConnectAsync(offered, token));
                    break;
            }
        }
    }

    private static PeerId? AuthorOf(PubsubMessage message) => message.From is { } from && PeerId.TryDecode(from, out PeerId author) ? author : null;

    private async ValueTask CheckAsync(GossipsubEvent<PeerId>.Arrived arrived)
    {
        PubsubMessage message = arrived.Message;
        PeerId? author = AuthorOf(message);
        var received = new ReceivedMessage(arrived.Id, message.Topic, message.Data, author, arrived.From, message);
        // Our own messages come from ourselves only.
        bool isGenuine = author != _host.Id && _options.Signatures switch
        {
            SignaturePolicy.StrictSign => MessageSigning.IsSigned(message, OpenSslKeys.Instance),
            _ => MessageSigning.IsAnonymous(message),
        };
        if (!isGenuine || !_validators.TryGetValue(message.Topic, out MessageValidator[]? validators))
        {
            Settle(received, isGenuine ? Verdict.Accept : Verdict.Reject);
            return;
        }
        try
        {
            await _validations.WaitAsync(_scope.Token);
        }
        catch (OperationCanceledException)
        {
            // The service ends.
            return;
        }
        if (!_scope.TryRun(token => ValidateAsync(received, validators, token)))
            _validations.Release();
    }

    private async Task ValidateAsync(ReceivedMessage message, MessageValidator[] validators, CancellationToken cancellationToken)
    {
        Verdict verdict = Verdict.Accept;
        try
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            deadline.CancelAfter(_options.ValidationTimeout);
            foreach (MessageValidator validator in validators)
            {
                verdict = await validator(message, deadline.Token).AsTask().WaitAsync(deadline.Token);
                if (verdict != Verdict.Accept)
                    break;
            }
        }
        catch (Exception e)
        {
            verdict = Verdict.Ignore;
            if (e is not OperationCanceledException)
                ValidatorFailed?.Invoke(message, e);
        }
        finally
        {
            _validations.Release();
        }
        Settle(message, verdict);
    }

    private void Settle(ReceivedMessage message, Verdict verdict) => _driver.Step(now =>
    {
        _router.Judge(message.Id, verdict, now);
        if (verdict == Verdict.Accept)
            Deliver(message);
    });
}
