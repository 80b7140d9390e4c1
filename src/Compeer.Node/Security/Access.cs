using System.Collections.Concurrent;
using Compeer.Node.State;

namespace Compeer.Node.Security;

/// <summary>
/// Who may do what: the token of the data directory, sessions of browsers, keys for programs, the password. Of secrets only digests
/// are kept. Thread-safe.
/// </summary>
public sealed class Access
{
    /// <summary>How long a session lives without being used.</summary>
    public static readonly TimeSpan SessionLifetime = TimeSpan.FromDays(30);

    private const string SessionPrefix = "session/";
    private const string KeyPrefix = "key/";
    private const string PasswordName = "password";
    private const string KeyMark = "ck_";
    private const int MaxSessions = 100;
    private const int MaxKeys = 100;
    private static readonly TimeSpan UseGrain = TimeSpan.FromHours(1);

    private readonly StateStore _state;
    private readonly string _tokenDigest;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, Session> _sessions;
    private readonly ConcurrentDictionary<string, ApiKey> _keys;
    private volatile PasswordHash? _password;

    /// <param name="state">Where sessions, keys and the password are remembered.</param>
    /// <param name="token">The token of the data directory.</param>
    /// <param name="time">Ages sessions.</param>
    public Access(StateStore state, string token, TimeProvider time)
    {
        (_state, _tokenDigest, _time) = (state, Secrets.Digest(token), time);
        _sessions = new(state.All<Session>(SessionPrefix).Select(s => KeyValuePair.Create(s.Key, s.Value)));
        _keys = new(state.All<ApiKey>(KeyPrefix).Select(k => KeyValuePair.Create(k.Key, k.Value)));
        _password = state.Get<PasswordHash>(PasswordName);
        Guesses = new LockOut(time);
    }

    /// <summary>Slows guessing down.</summary>
    public LockOut Guesses { get; }

    /// <summary>There is a password.</summary>
    public bool HasPassword => _password is not null;

    /// <summary>The keys for programs.</summary>
    public IEnumerable<(string Id, ApiKey Key)> Keys => _keys.Select(k => (k.Key, k.Value)).OrderBy(k => k.Value.CreatedAt);

    /// <summary>What the bearer of a token or key may do.</summary>
    public Scope ScopeOf(string bearer)
    {
        string digest = Secrets.Digest(bearer);
        if (Secrets.Same(digest, _tokenDigest))
            return Scope.Admin;
        return bearer.StartsWith(KeyMark, StringComparison.Ordinal) && bearer.Split('_') is [_, var id, _] && _keys.TryGetValue(id, out ApiKey? key) && Secrets.Same(key.Digest, digest)
            ? key.Scope
            : Scope.None;
    }

    /// <summary>What a browser with that cookie may do.</summary>
    /// <exception cref="NodeException">The disk refuses.</exception>
    public Scope ScopeOfSession(string cookie)
    {
        string digest = Secrets.Digest(cookie);
        if (!_sessions.TryGetValue(digest, out Session? session))
            return Scope.None;
        DateTimeOffset now = _time.GetUtcNow();
        if (now - session.UsedAt > SessionLifetime)
        {
            EndSession(cookie);
            return Scope.None;
        }
        if (now - session.UsedAt > UseGrain)
        {
            _sessions[digest] = session with { UsedAt = now };
            _state.Replace(SessionPrefix + digest, session with { UsedAt = now }, durable: false);
        }
        return session.Scope;
    }

    /// <summary>Begins a session.</summary>
    /// <returns>The cookie's value.</returns>
    public string BeginSession(Scope scope)
    {
        while (_sessions.Count >= MaxSessions && _sessions.MinBy(s => s.Value.UsedAt) is { Key: { } oldest })
            Forget(oldest);
        string cookie = Secrets.Make();
        var session = new Session(scope, _time.GetUtcNow());
        _state.Put(SessionPrefix + Secrets.Digest(cookie), session);
        _sessions[Secrets.Digest(cookie)] = session;
        return cookie;
    }

    /// <summary>Ends a session.</summary>
    public void EndSession(string cookie) => Forget(Secrets.Digest(cookie));

    /// <summary>Whether it is the password. Slow on purpose.</summary>
    public bool IsPassword(string password) => _password is { } hash && hash.Matches(password);

    /// <summary>Sets the password; every session that was begun before ends, but the one of whoever sets it.</summary>
    /// <param name="password">The new one.</param>
    /// <param name="cookie">Of the session that goes on; null for none.</param>
    public void SetPassword(string password, string? cookie = null)
    {
        PasswordHash hash = PasswordHash.Of(password);
        _state.Put(PasswordName, hash);
        _password = hash;
        string? kept = cookie is null ? null : Secrets.Digest(cookie);
        foreach (string digest in _sessions.Keys.Where(d => d != kept))
            Forget(digest);
    }

    /// <summary>Makes a key for a program.</summary>
    /// <returns>Its id, and the key, which is shown once.</returns>
    public (string Id, string Key) AddKey(string name, Scope scope)
    {
        if (_keys.Count >= MaxKeys)
            throw new NodeException(NodeFailure.BadInput, $"There are {MaxKeys} keys already. Delete one that nobody uses.");
        string id = Secrets.Make()[..8];
        string key = $"{KeyMark}{id}_{Secrets.Make()}";
        var kept = new ApiKey(name, scope, Secrets.Digest(key), _time.GetUtcNow());
        _state.Put(KeyPrefix + id, kept);
        _keys[id] = kept;
        return (id, key);
    }

    /// <summary>Ends a key; false when there is none.</summary>
    public bool RemoveKey(string id)
    {
        if (!_keys.ContainsKey(id))
            return false;
        _state.Remove(KeyPrefix + id);
        return _keys.TryRemove(id, out _);
    }

    private void Forget(string digest)
    {
        _state.Remove(SessionPrefix + digest);
        _sessions.TryRemove(digest, out _);
    }

    internal sealed record Session(Scope Scope, DateTimeOffset UsedAt);
}

/// <summary>A key for a program.</summary>
/// <param name="Name">What it is for.</param>
/// <param name="Scope">What it may do.</param>
/// <param name="Digest">SHA-256 of the key.</param>
/// <param name="CreatedAt">When it was made.</param>
public sealed record ApiKey(string Name, Scope Scope, string Digest, DateTimeOffset CreatedAt);
