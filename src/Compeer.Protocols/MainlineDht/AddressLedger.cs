using System.Numerics;

namespace Compeer.Protocols.MainlineDht;

/// <summary>
/// What each address may still ask of us, and which have proved that they receive what is sent to them. Addresses share small
/// sets by a keyed hash; in a full set the one that was heard longest ago makes room:
/// its budget is then whole again, and its proof is asked for again.
/// </summary>
internal sealed class AddressLedger
{
    private const int Ways = 8;
    private const int FirstSets = 4;
    private static readonly TimeSpan ProofLifetime = TimeSpan.FromMinutes(15);

    private readonly DhtOptions _options;
    private readonly int _maxSets;
    private readonly ulong _key;
    private Account[] _accounts = new Account[FirstSets * Ways];

    /// <param name="options">Bounds.</param>
    /// <param name="random">Strews the addresses; strangers must not foresee it.</param>
    public AddressLedger(DhtOptions options, Random random)
    {
        _options = options;
        _key = (ulong)random.NextInt64();
        _maxSets = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(FirstSets, options.MaxAddresses / Ways));
    }

    private int Sets => _accounts.Length / Ways;

    /// <summary>Takes one question from the address's budget; false when it is used up or the address is being ignored.</summary>
    public bool TryTake(NodeEndPoint from, Instant now)
    {
        ref Account account = ref FindOrAdd(from.Host, now);
        if (now < account.SilentUntil)
            return false;
        double budget = Math.Min(_options.QueryBurst, account.Budget + (now - account.Updated).TotalSeconds * _options.QueriesPerSecond) - 1;
        bool allowed = budget >= 0;
        account.Budget = (float)Math.Max(0, budget);
        account.Updated = now;
        account.SilentUntil = allowed ? default : now + _options.Silence;
        return allowed;
    }

    /// <summary>The endpoint answered a question of ours, or showed a token.</summary>
    public void Prove(NodeEndPoint endpoint, Instant now) => FindOrAdd(endpoint.Host, now).ProvenUntil = now + ProofLifetime;

    /// <summary>Somebody at the address receives what we send there.</summary>
    public bool IsProven(NodeEndPoint endpoint, Instant now)
    {
        NodeEndPoint host = endpoint.Host;
        foreach (ref readonly Account account in SetOf(host))
        {
            if (account.Host == host)
                return now < account.ProvenUntil;
        }
        return false;
    }

    private Span<Account> SetOf(NodeEndPoint host)
    {
        ulong hash = (host.High ^ _key) * 0x9E3779B97F4A7C15;
        hash = ((hash ^ (hash >> 29)) + host.Low ^ _key) * 0xBF58476D1CE4E5B9;
        return _accounts.AsSpan((int)(hash >> 40) % Sets * Ways, Ways);
    }

    private ref Account FindOrAdd(NodeEndPoint host, Instant now)
    {
        Span<Account> set = SetOf(host);
        int place = 0;
        for (int i = 0; i < set.Length; i++)
        {
            if (set[i].Host == host)
                return ref set[i];
            if (set[place].IsUsed && (!set[i].IsUsed || set[i].Heard < set[place].Heard))
                place = i;
        }
        if (set[place].IsUsed && Sets < _maxSets)
        {
            Grow();
            return ref FindOrAdd(host, now);
        }
        set[place] = new Account { Host = host, IsUsed = true, Budget = _options.QueryBurst, Updated = now };
        return ref set[place];
    }

    private void Grow()
    {
        Account[] old = _accounts;
        _accounts = new Account[2 * old.Length];
        foreach (ref readonly Account account in old.AsSpan())
        {
            // A set is split in two by one more bit, so there is room.
            if (account.IsUsed)
                Free(SetOf(account.Host)) = account;
        }
    }

    private static ref Account Free(Span<Account> set)
    {
        int at = 0;
        while (set[at].IsUsed)
            at++;
        return ref set[at];
    }

    private struct Account
    {
        public NodeEndPoint Host;
        public Instant Updated;
        public Instant SilentUntil;
        public Instant ProvenUntil;
        public float Budget;
        public bool IsUsed;

        /// <summary>Who must be ignored longest, and who proved himself last, is remembered longest.</summary>
        public readonly Instant Heard
        {
            get
            {
                Instant latest = SilentUntil > ProvenUntil ? SilentUntil : ProvenUntil;
                return latest > Updated ? latest : Updated;
            }
        }
    }
}
