using System.Globalization;

namespace Compeer.Protocols.Connecting;

/// <summary>What a <see cref="PeerBook"/> holds at one moment, in counts and words.</summary>
public sealed record PeerBookSummary
{
    /// <summary>Addresses known.</summary>
    public required int Known { get; init; }

    /// <summary>Of these, connected.</summary>
    public required int Connected { get; init; }

    /// <summary>Of these, being dialled.</summary>
    public required int Dialling { get; init; }

    /// <summary>Of these, due to be dialled.</summary>
    public required int Ready { get; init; }

    /// <summary>Of these, not dialled because both sides only give.</summary>
    public required int Resting { get; init; }

    /// <summary>Of these, waiting: how many for which reason.</summary>
    public required IReadOnlyDictionary<string, int> Waiting { get; init; }

    /// <summary>Addresses told and not taken since the start, by reason.</summary>
    public required IReadOnlyDictionary<PeerRefusal, int> Refused { get; init; }

    /// <summary>IP addresses that are banned now.</summary>
    public required int Banned { get; init; }

    /// <summary>As a sentence without a full stop: "12 known, 3 connected, 5 waiting to retry (4 no answer in time, 1 no route to it), 2 refused: LAN address from a stranger".</summary>
    public override string ToString()
    {
        var parts = new List<string> { Count(Known, "known") };
        AddIf(parts, Connected, "connected");
        AddIf(parts, Dialling, "being dialled");
        AddIf(parts, Ready, "next in line");
        AddIf(parts, Resting, "left alone (both sides only give)");
        int waiting = Waiting.Values.Sum();
        if (waiting > 0)
            parts.Add($"{Count(waiting, "waiting to retry")} ({Reasons()})");
        AddIf(parts, Banned, "banned");
        parts.AddRange(Refused.OrderByDescending(r => r.Value).Select(r => $"{Count(r.Value, "refused")}: {r.Key.Describe()}"));
        return string.Join(", ", parts);
    }

    private static void AddIf(List<string> parts, int count, string what)
    {
        if (count > 0)
            parts.Add(Count(count, what));
    }

    private static string Count(int count, string what) => string.Create(CultureInfo.InvariantCulture, $"{count} {what}");

    private string Reasons() => Waiting.Count == 1
        ? Waiting.Keys.First()
        : string.Join(", ", Waiting.OrderByDescending(w => w.Value).Take(4).Select(w => Count(w.Value, w.Key)));
}
