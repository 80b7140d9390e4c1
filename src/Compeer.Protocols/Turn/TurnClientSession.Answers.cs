using System.Net;
using System.Text;
using Compeer.Protocols.Stun;

namespace Compeer.Protocols.Turn;

/// <summary>What the relay answers.</summary>
public sealed partial class TurnClientSession
{
    private static readonly TimeSpan RefreshMargin = TimeSpan.FromMinutes(1);

    private void OnAnswer(Pending pending, in StunMessage message, Instant now)
    {
        StunError error = default;
        if (message.Class == StunClass.Error && !message.TryGetError(out error))
            return;
        bool isChallenge = error.Code is StunError.Unauthenticated or StunError.StaleNonce;
        // A message that is not protected as ours was is none: the request goes on being repeated. Servers cannot protect
        // challenges, and do not protect what they say of requests that they did not understand.
        bool needsKey = pending.IsProtected && !isChallenge && error.Code is not (StunError.BadRequest or StunError.UnknownAttribute or StunError.ServerError);
        if (needsKey && !message.HasIntegrity(_key))
            return;
        _pending.Remove(pending);
        if (isChallenge)
            OnChallenge(pending, message, error, now);
        else if (message.Class == StunClass.Error)
            OnError(pending, error, now);
        else
            OnSuccess(pending, message, now);
    }

    private void OnChallenge(Pending pending, in StunMessage message, StunError error, Instant now)
    {
        bool isStale = error.Code == StunError.StaleNonce;
        if (pending.IsProtected && !isStale)
        {
            Fail(TurnCloseReason.Unauthorized, $"The relay {Server} does not accept the user '{_credentials.Username}' with this password.");
            return;
        }
        bool hasRealm = message.TryGet(StunAttributeType.Realm, out ReadOnlySpan<byte> realm) && realm.Length <= MaxTextBytes;
        if (pending.Challenges >= MaxChallenges
            || !message.TryGet(StunAttributeType.Nonce, out ReadOnlySpan<byte> nonce) || nonce.Length > MaxTextBytes
            || (!hasRealm && _key is null))
        {
            Fail(TurnCloseReason.BadAnswer, $"The relay {Server} asks for a password in a way that cannot be answered.");
            return;
        }
        _nonce = nonce.ToArray();
        if (hasRealm && (_key is null || !realm.SequenceEqual(_realm)))
        {
            _realm = realm.ToArray();
            _key = StunCredentials.Key(_credentials.Username, Encoding.UTF8.GetString(realm), _credentials.Password);
        }
        Ask(pending.Purpose, pending.Peer, pending.Challenges + 1, now);
    }

    private void OnSuccess(Pending pending, in StunMessage message, Instant now)
    {
        switch (pending.Purpose)
        {
            case Purpose.Allocate:
                OnAllocated(message, now);
                break;
            case Purpose.Refresh:
                if (message.TryGetUInt32(StunAttributeType.Lifetime, out uint seconds))
                    PlanRefresh(seconds, now);
                else
                    PlanRefresh((uint)_options.Lifetime.TotalSeconds, now);
                break;
            case Purpose.Release when _state == State.Allocating:
                Ask(Purpose.Allocate, null, 0, now);
                break;
            case Purpose.Release:
                Fail(TurnCloseReason.Released, "The allocation was given back.");
                break;
            case Purpose.Permission:
                OnPermitted(pending.Peer!.Address, now);
                break;
            case Purpose.Channel:
                OnBound(pending.Peer!, now);
                break;
        }
    }

    private void OnAllocated(in StunMessage message, Instant now)
    {
        if (!message.TryGetXorAddress(StunAttributeType.XorRelayedAddress, out IPEndPoint? relayed)
            || !message.TryGetUInt32(StunAttributeType.Lifetime, out uint seconds))
        {
            Fail(TurnCloseReason.BadAnswer, $"The relay {Server} does not say where it relays.");
            return;
        }
        message.TryGetXorAddress(StunAttributeType.XorMappedAddress, out IPEndPoint? mapped);
        _state = State.Allocated;
        Relayed = relayed;
        _keepAliveDue = now + _options.KeepAlive;
        _checkDue = now + _options.Doubt;
        PlanRefresh(seconds, now);
        _events.Enqueue(new TurnAllocated(relayed, mapped));
        WorkOnPeers(now);
    }

    private void PlanRefresh(uint seconds, Instant now)
    {
        var lifetime = TimeSpan.FromSeconds(seconds);
        TimeSpan wait = lifetime > 2 * RefreshMargin ? lifetime - RefreshMargin : lifetime / 2;
        // A server that grants seconds does not make us ask without pause.
        _refreshDue = now + (wait > TimeSpan.FromSeconds(5) ? wait : TimeSpan.FromSeconds(5));
    }

    private void OnError(Pending pending, StunError error, Instant now)
    {
        bool isLost = error.Code is StunError.AllocationMismatch or StunError.WrongCredentials;
        switch (pending.Purpose)
        {
            case Purpose.Allocate when error.Code == StunError.AllocationMismatch && !_wasReleasedForMismatch && _key is not null:
                // An earlier run of ours left an allocation on this port: give that back first.
                _wasReleasedForMismatch = true;
                Ask(Purpose.Release, null, 0, now);
                break;
            case Purpose.Allocate:
                Fail(ReasonOf(error), $"The relay {Server} refuses an allocation: {error}.");
                break;
            case Purpose.Release when _state == State.Allocating && error.Code == StunError.AllocationMismatch:
                Ask(Purpose.Allocate, null, 0, now);
                break;
            case Purpose.Release when _state == State.Releasing:
                Fail(TurnCloseReason.Released, "The allocation was given back.");
                break;
            case Purpose.Refresh or Purpose.Release:
                Fail(isLost ? TurnCloseReason.AllocationLost : TurnCloseReason.Refused, $"The relay {Server} ended the allocation: {error}.");
                break;
            default:
                if (isLost)
                    Fail(TurnCloseReason.AllocationLost, $"The relay {Server} ended the allocation: {error}.");
                else
                    OnPeerRefused(pending, error.ToString(), now);
                break;
        }
    }

    private static TurnCloseReason ReasonOf(StunError error) => error.Code switch
    {
        StunError.AllocationQuotaReached => TurnCloseReason.QuotaReached,
        StunError.InsufficientCapacity => TurnCloseReason.NoCapacity,
        StunError.WrongCredentials => TurnCloseReason.Unauthorized,
        StunError.AllocationMismatch => TurnCloseReason.AllocationLost,
        _ => TurnCloseReason.Refused,
    };

    private void OnTimeout(Pending pending, Instant now)
    {
        _pending.Remove(pending);
        if (pending.Purpose is Purpose.Permission or Purpose.Channel)
            OnPeerRefused(pending, "no answer", now);
        else if (_state == State.Releasing)
            Fail(TurnCloseReason.Released, "The allocation was given back; the relay did not say so.");
        else
            Fail(TurnCloseReason.Timeout, $"The relay {Server} does not answer.");
    }
}
