using System.Collections.Immutable;
using System.Globalization;
using Compeer.Content.Torrents;
using Compeer.Node.Configuration;
using Compeer.Node.State;

namespace Compeer.Node.Torrents;

/// <summary>Second limits that a person switches on and off, in bytes per second.</summary>
public sealed record AlternateLimits(long Up, long Down, bool Enabled);

/// <summary>Limits at certain hours of certain days, local time; one that ends before it begins lasts over midnight.</summary>
/// <param name="Days">"mon" to "sun"; on which it begins.</param>
/// <param name="From">"22:00".</param>
/// <param name="To">"06:00".</param>
/// <param name="Up">Bytes per second; 0 none.</param>
/// <param name="Down">Bytes per second; 0 none.</param>
public sealed record LimitRule(ImmutableArray<string> Days, string From, string To, long Up, long Down);

/// <summary>Limits that hold now, and why.</summary>
public sealed record ActiveLimits(long Up, long Down, string Why);

/// <summary>
/// Decides which limits hold: the alternate ones when switched on, else the first rule of the schedule whose hours it is, else those of
/// the configuration.
/// </summary>
public sealed class SpeedLimits : IAsyncDisposable
{
    private const string AlternateName = "limits/alternate";
    private const string ScheduleName = "limits/schedule";
    private const int MaxRules = 50;
    private static readonly string[] DayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(15);

    private readonly StateStore _state;
    private readonly NodeConfiguration _configuration;
    private readonly TorrentClient _client;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _loop;
    private (long Up, long Down)? _applied;

    /// <summary>Begins to apply them.</summary>
    public SpeedLimits(StateStore state, NodeConfiguration configuration, TorrentClient client, TimeProvider time)
    {
        (_state, _configuration, _client, _time) = (state, configuration, client, time);
        configuration.Changed += _ => Apply();
        Apply();
        _loop = RunAsync();
    }

    /// <summary>The second limits.</summary>
    public AlternateLimits Alternate => _state.Get<AlternateLimits>(AlternateName) ?? new AlternateLimits(0, 0, false);

    /// <summary>The schedule.</summary>
    public ImmutableArray<LimitRule> Schedule => _state.Get<Rules>(ScheduleName)?.Items ?? [];

    /// <summary>Those that hold now.</summary>
    public ActiveLimits Active
    {
        get
        {
            if (Alternate is { Enabled: true } alternate)
                return new ActiveLimits(alternate.Up, alternate.Down, "The alternate limits are switched on.");
            DateTimeOffset now = TimeZoneInfo.ConvertTime(_time.GetUtcNow(), _time.LocalTimeZone);
            return Schedule.FirstOrDefault(r => Covers(r, now.DateTime)) is { } rule
                ? new ActiveLimits(rule.Up, rule.Down, $"The schedule says so from {rule.From} to {rule.To}.")
                : new ActiveLimits(_configuration.Number(NodeOptions.LimitUp), _configuration.Number(NodeOptions.LimitDown), "These are the usual limits.");
        }
    }

    /// <summary>Changes the second limits.</summary>
    /// <exception cref="NodeException">They cannot be used.</exception>
    public void SetAlternate(AlternateLimits alternate)
    {
        Check(alternate);
        _state.Put(AlternateName, alternate);
        Apply();
    }

    /// <summary>Changes the schedule.</summary>
    /// <exception cref="NodeException">A rule cannot be used.</exception>
    public void SetSchedule(ImmutableArray<LimitRule> rules)
    {
        Check(rules);
        _state.Put(ScheduleName, new Rules(rules));
        Apply();
    }

    /// <summary>Says whether second limits can be used.</summary>
    /// <exception cref="NodeException">They cannot.</exception>
    public static void Check(AlternateLimits alternate)
    {
        if (alternate.Up < 0 || alternate.Down < 0)
            throw new NodeException(NodeFailure.BadInput, "A limit is 0 (none) or a number of bytes per second.");
    }

    /// <summary>Says whether a schedule can be used.</summary>
    /// <exception cref="NodeException">A rule cannot.</exception>
    public static void Check(ImmutableArray<LimitRule> rules)
    {
        if (rules.Length > MaxRules)
            throw new NodeException(NodeFailure.BadInput, $"A schedule has at most {MaxRules} rules.");
        foreach (LimitRule rule in rules)
        {
            if (rule is null || rule.Days.IsDefaultOrEmpty || rule.Days.Any(d => !DayNames.Contains(d)) || !TryTime(rule.From, out _) || !TryTime(rule.To, out _) || rule.Up < 0 || rule.Down < 0)
                throw new NodeException(NodeFailure.BadInput, "A rule has days (mon to sun), from and to as HH:MM, and limits of 0 or more bytes per second.");
        }
    }

    /// <summary>Whether it is a rule's hours.</summary>
    /// <param name="rule">The rule.</param>
    /// <param name="now">Local time.</param>
    public static bool Covers(LimitRule rule, DateTime now)
    {
        if (!TryTime(rule.From, out TimeOnly from) || !TryTime(rule.To, out TimeOnly to))
            return false;
        var clock = TimeOnly.FromDateTime(now);
        string today = DayNames[(int)now.DayOfWeek];
        string yesterday = DayNames[((int)now.DayOfWeek + 6) % 7];
        return from < to
            ? rule.Days.Contains(today) && clock >= from && clock < to
            : (rule.Days.Contains(today) && clock >= from) || (rule.Days.Contains(yesterday) && clock < to);
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _loop;
        _ending.Dispose();
    }

    private static bool TryTime(string text, out TimeOnly time) => TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out time);

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(Pace, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_ending.Token))
                Apply();
        }
        catch (OperationCanceledException)
        {
            // The node ends.
        }
    }

    private void Apply()
    {
        ActiveLimits active = Active;
        if (_applied == (active.Up, active.Down))
            return;
        _client.SetRateLimits(active.Up, active.Down);
        _applied = (active.Up, active.Down);
    }

    internal sealed record Rules(ImmutableArray<LimitRule> Items);
}
