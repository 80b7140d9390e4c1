using System.Buffers;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Text;
using Compeer.Formats.Hashing;

namespace Compeer.Formats.Torrents;

/// <summary>A link that names a torrent by its hash, and perhaps where to find it.</summary>
/// <remarks>Spec: BEP 9 (xt, dn, tr, x.pe), BEP 53 (so), BEP 19 (ws), BEP 52 (btmh).</remarks>
public sealed record MagnetLink
{
    /// <summary>Longest link read, in characters.</summary>
    public const int MaxLength = 64 * 1024;

    /// <summary>Trackers, web seeds and peers kept, of each.</summary>
    public const int MaxEntries = 200;

    /// <summary>File indexes selected at most.</summary>
    public const int MaxSelected = 100_000;

    private static readonly SearchValues<char> HostCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");

    /// <summary>The torrent's ids.</summary>
    public required InfoHashes InfoHashes { get; init; }

    /// <summary>A name to show until the real one is known; sanitised.</summary>
    public string? Name { get; init; }

    /// <summary>Trackers; each is a tier of its own.</summary>
    public ImmutableArray<string> Trackers { get; init; } = [];

    /// <summary>HTTP seeds.</summary>
    public ImmutableArray<string> WebSeeds { get; init; } = [];

    /// <summary>Peers as "host:port", "1.2.3.4:port" or "[v6]:port".</summary>
    public ImmutableArray<string> Peers { get; init; } = [];

    /// <summary>Indexes of the files wanted; empty means all.</summary>
    public ImmutableArray<int> SelectedFiles { get; init; } = [];

    /// <summary>Reads a link.</summary>
    /// <param name="text">The link.</param>
    /// <param name="link">What it says.</param>
    /// <param name="error">What is wrong, as a clause for people.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out MagnetLink? link, out string error)
    {
        link = null;
        text = text.Trim();
        if (!text.StartsWith("magnet:?", StringComparison.OrdinalIgnoreCase))
            return Fail("it does not begin with 'magnet:?'", out error);
        if (text.Length > MaxLength)
            return Fail($"it is longer than {MaxLength} characters", out error);
        Sha1Hash? v1 = null;
        Sha256Hash? v2 = null;
        var found = new Dictionary<string, List<string>>(StringComparer.OrdinalIgnoreCase);
        foreach (string pair in text["magnet:?".Length..].Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
                continue;
            // "tr.1" and "xt.2" mean the same as "tr" and "xt"; "x.pe" is a key of its own.
            string key = pair[..equals];
            int dot = key.LastIndexOf('.');
            if (dot > 0 && key.AsSpan(dot + 1).ContainsAnyExceptInRange('0', '9') == false)
                key = key[..dot];
            string value = Uri.UnescapeDataString(pair[(equals + 1)..].Replace('+', ' '));
            if (key.Equals("xt", StringComparison.OrdinalIgnoreCase))
            {
                if (!TryReadTopic(value, ref v1, ref v2, out error))
                    return false;
                continue;
            }
            if (!found.TryGetValue(key, out List<string>? values))
                found[key] = values = [];
            if (values.Count < MaxEntries && value.Length > 0)
                values.Add(value);
        }
        if (v1 is null && v2 is null)
            return Fail("it names no torrent: there is no 'xt=urn:btih:' or 'xt=urn:btmh:'", out error);
        if (!TryReadSelection(found.GetValueOrDefault("so"), out ImmutableArray<int> selected))
            return Fail($"its file selection 'so=' is malformed or names more than {MaxSelected} files", out error);
        link = new MagnetLink
        {
            InfoHashes = new InfoHashes(v1, v2),
            Name = found.GetValueOrDefault("dn") is [var name, ..] ? SafePath.SanitiseElement(name) : null,
            Trackers = Urls(found.GetValueOrDefault("tr"), "http", "https", "udp"),
            WebSeeds = Urls(found.GetValueOrDefault("ws"), "http", "https"),
            Peers = [.. (found.GetValueOrDefault("x.pe") ?? []).Where(IsPeer).Distinct()],
            SelectedFiles = selected,
        };
        error = "";
        return true;
    }

    /// <summary>The link as text.</summary>
    public override string ToString()
    {
        var link = new StringBuilder("magnet:?");
        void Add(string key, string value, bool escape = true) =>
            link.Append(link[^1] == '?' ? "" : "&").Append(key).Append('=').Append(escape ? Uri.EscapeDataString(value) : value);
        if (InfoHashes.V1 is { } v1)
            Add("xt", $"urn:btih:{v1}", escape: false);
        if (InfoHashes.V2 is { } v2)
            Add("xt", $"urn:btmh:1220{v2}", escape: false);
        if (Name is not null)
            Add("dn", Name);
        foreach (string tracker in Trackers)
            Add("tr", tracker);
        foreach (string seed in WebSeeds)
            Add("ws", seed);
        foreach (string peer in Peers)
            Add("x.pe", peer, escape: false);
        if (!SelectedFiles.IsEmpty)
            Add("so", Ranges(SelectedFiles), escape: false);
        return link.ToString();
    }

    /// <summary>"0,2-5": neighbours become ranges, so that the longest selection fits a link.</summary>
    private static string Ranges(ImmutableArray<int> indexes)
    {
        int[] sorted = [.. indexes.Distinct().Order()];
        var parts = new List<string>();
        for (int from = 0, to; from < sorted.Length; from = to + 1)
        {
            to = from;
            while (to + 1 < sorted.Length && sorted[to + 1] == sorted[to] + 1)
                to++;
            parts.Add(from == to ? $"{sorted[from]}" : $"{sorted[from]}-{sorted[to]}");
        }
        return string.Join(',', parts);
    }

    /// <summary>A host or an address, a colon, and a port.</summary>
    private static bool IsPeer(string text)
    {
        int colon = text.LastIndexOf(':');
        if (colon <= 0 || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) || port == 0)
            return false;
        ReadOnlySpan<char> host = text.AsSpan(0, colon);
        if (host is ['[', .. var inner, ']'])
            return inner.Contains(':') && IPAddress.TryParse(inner, out _);
        return host.Length <= 255 && !host.ContainsAnyExcept(HostCharacters);
    }

    private static bool TryReadTopic(string value, ref Sha1Hash? v1, ref Sha256Hash? v2, out string error)
    {
        error = "";
        const string v1Prefix = "urn:btih:";
        const string v2Prefix = "urn:btmh:";
        if (value.StartsWith(v1Prefix, StringComparison.OrdinalIgnoreCase))
        {
            ReadOnlySpan<char> text = value.AsSpan(v1Prefix.Length);
            Span<byte> decoded = stackalloc byte[Sha1Hash.LengthBytes];
            if (!Sha1Hash.TryParseHex(text, out Sha1Hash hash))
            {
                if (!Base32.TryDecode(text, decoded))
                    return Fail("its 'urn:btih:' is neither 40 hexadecimal nor 32 base32 characters", out error);
                hash = new Sha1Hash(decoded);
            }
            if (v1 is { } other && other != hash)
                return Fail("it names two different v1 torrents", out error);
            v1 = hash;
        }
        else if (value.StartsWith(v2Prefix, StringComparison.OrdinalIgnoreCase))
        {
            ReadOnlySpan<char> text = value.AsSpan(v2Prefix.Length);
            if (!text.StartsWith("1220") || !Sha256Hash.TryParseHex(text[4..], out Sha256Hash hash))
                return Fail("its 'urn:btmh:' is not a SHA-256 multihash ('1220' and 64 hexadecimal characters)", out error);
            if (v2 is { } other && other != hash)
                return Fail("it names two different v2 torrents", out error);
            v2 = hash;
        }
        return true;
    }

    private static bool TryReadSelection(List<string>? values, out ImmutableArray<int> selected)
    {
        selected = [];
        if (values is null)
            return true;
        var indexes = new SortedSet<int>();
        foreach (string range in values.SelectMany(v => v.Split(',', StringSplitOptions.RemoveEmptyEntries)))
        {
            int dash = range.IndexOf('-', StringComparison.Ordinal);
            string low = dash < 0 ? range : range[..dash];
            string high = dash < 0 ? range : range[(dash + 1)..];
            if (!int.TryParse(low, NumberStyles.None, CultureInfo.InvariantCulture, out int from)
                || !int.TryParse(high, NumberStyles.None, CultureInfo.InvariantCulture, out int to)
                || from > to || to - from >= MaxSelected - indexes.Count)
                return false;
            for (int i = from; i <= to; i++)
                indexes.Add(i);
        }
        selected = [.. indexes];
        return true;
    }

    private static ImmutableArray<string> Urls(List<string>? values, params ReadOnlySpan<string> schemes)
    {
        var kept = new List<string>();
        foreach (string value in values ?? [])
        {
            if (!value.Any(char.IsControl) && Uri.TryCreate(value, UriKind.Absolute, out Uri? uri) && schemes.Contains(uri.Scheme) && !kept.Contains(value))
                kept.Add(value);
        }
        return [.. kept];
    }

    private static bool Fail(string reason, out string error)
    {
        error = reason;
        return false;
    }
}
