using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;

namespace Compeer.InteropTests.Lab;

/// <summary>Asks an HTTP tracker how many peers it knows (BEP 48), so that a leecher is not started before its seed is listed.</summary>
public static partial class TrackerProbe
{
    private static readonly HttpClient Client = new() { Timeout = TimeSpan.FromSeconds(5) };

    /// <summary>Waits until the tracker lists so many peers of a swarm (40 hex digits, or a v2 hash that is cut).</summary>
    public static async Task WaitForPeersAsync(string announceUrl, string swarm, int peers, TimeSpan timeout)
    {
        string url = announceUrl.Replace("/announce", "/scrape", StringComparison.Ordinal) + "?info_hash=" + Escape(swarm[..40]);
        using var limit = new CancellationTokenSource(timeout);
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        string answer = "";
        while (!limit.IsCancellationRequested)
        {
            answer = Encoding.Latin1.GetString(await Client.GetByteArrayAsync(url, CancellationToken.None));
            if (CountOf(Complete(), answer) + CountOf(Incomplete(), answer) >= peers)
                return;
            await pause.WaitForNextTickAsync(CancellationToken.None);
        }
        throw new LabException($"{url} lists fewer than {peers} peers after {timeout.TotalSeconds:0} s: {answer}");
    }

    /// <summary>Waits until the tracker names this IPv4 peer to others of the swarm, and returns all that it names; asks as a leecher at port 9, which leaves again.</summary>
    public static async Task<IPEndPoint[]> WaitForPeerAsync(string announceUrl, string swarm, IPEndPoint peer, TimeSpan timeout)
    {
        string url = $"{announceUrl}?info_hash={Escape(swarm[..40])}&peer_id=-PB0000-000000000000&port=9&uploaded=0&downloaded=0&left=1&compact=1&numwant=50";
        using var limit = new CancellationTokenSource(timeout);
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        IPEndPoint[] named = [];
        while (!limit.IsCancellationRequested)
        {
            named = CompactPeers(await Client.GetByteArrayAsync(url, CancellationToken.None));
            if (named.Contains(peer))
            {
                await Client.GetByteArrayAsync(url + "&event=stopped", CancellationToken.None);
                return named;
            }
            await pause.WaitForNextTickAsync(CancellationToken.None);
        }
        throw new LabException($"{announceUrl} does not name {peer} after {timeout.TotalSeconds:0} s, but: {string.Join(", ", named.AsEnumerable())}");
    }

    /// <summary>The value of "peers", six bytes each (BEP 23).</summary>
    private static IPEndPoint[] CompactPeers(byte[] answer)
    {
        var found = Compact().Match(Encoding.Latin1.GetString(answer));
        if (!found.Success)
            return [];
        int length = int.Parse(found.Groups[1].ValueSpan, CultureInfo.InvariantCulture), start = found.Index + found.Length;
        return [.. answer[start..(start + length)].Chunk(6).Select(peer => new IPEndPoint(new IPAddress(peer[..4]), peer[4] << 8 | peer[5]))];
    }

    private static int CountOf(Regex pattern, string answer) =>
        pattern.Match(answer) is { Success: true } match ? int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : 0;

    private static string Escape(string hex) => string.Concat(Convert.FromHexString(hex).Select(b => "%" + b.ToString("X2", CultureInfo.InvariantCulture)));

    [GeneratedRegex("5:peers([0-9]+):")]
    private static partial Regex Compact();

    [GeneratedRegex("8:completei([0-9]+)e")]
    private static partial Regex Complete();

    [GeneratedRegex("10:incompletei([0-9]+)e")]
    private static partial Regex Incomplete();
}
