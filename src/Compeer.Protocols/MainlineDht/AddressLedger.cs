using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Compeer.Protocols.MainlineDht;

/// <summary>
/// What each address may still ask of us, and which have proved that they receive what is sent to them. When it is full the
/// table starts anew: budgets are then whole again, and proofs are asked for again.
/// </summary>
internal sealed class AddressLedger(DhtOptions options)
{
    private static readonly TimeSpan ProofLifetime = TimeSpan.FromMinutes(15);

    private readonly Dictionary<NodeEndPoint, Account> _accounts = [];

    /// <summary>Takes one question from the address's budget; false when it is used up or the address is being ignored.</summary>
    public bool TryTake(NodeEndPoint from, Instant now)
    {
        ref Account account = ref Find(from.Host, now);
        if (now < account.SilentUntil)
            return false;
        double budget = Math.Min(options.QueryBurst, account.Budget + (now - account.Updated).TotalSeconds * options.QueriesPerSecond) - 1;
        bool allowed = budget >= 0;
        account = account with
        {
            Budget = (float)Math.Max(0, budget), Updated = now, SilentUntil = allowed ? default : now + options.Silence,
        };
        return allowed;
    }

    /// <summary>The endpoint answered a question of ours, or showed a token.</summary>
    public void Prove(NodeEndPoint endpoint, Instant now)
    {
        ref Account account = ref Find(endpoint.Host, now);
        account = account with { ProvenUntil = now + ProofLifetime };
    }

    /// <summary>Somebody at the address receives what we send there.</summary>
    public bool IsProven(NodeEndPoint endpoint, Instant now) =>
        _accounts.TryGetValue(endpoint.Host, out Account account) && now < account.ProvenUntil;

    /// <summary>One look into the table for the addresses that are in it: every message asks.</summary>
    private ref Account Find(NodeEndPoint host, Instant now)
    {
        ref Account known = ref CollectionsMarshal.GetValueRefOrNullRef(_accounts, host);
        if (!Unsafe.IsNullRef(ref known))
            return ref known;
        if (_accounts.Count >= options.MaxAddresses)
            _accounts.Clear();
        ref Account added = ref CollectionsMarshal.GetValueRefOrAddDefault(_accounts, host, out _);
        added = new Account(options.QueryBurst, now, default, default);
        return ref added;
    }

    private readonly record struct Account(float Budget, Instant Updated, Instant SilentUntil, Instant ProvenUntil);
}
