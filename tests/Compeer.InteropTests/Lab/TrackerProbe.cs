using System.Globalization;
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

    private static int CountOf(Regex pattern, string answer) =>
        pattern.Match(answer) is { Success: true } match ? int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : 0;

    private static string Escape(string hex) => string.Concat(Convert.FromHexString(hex).Select(b => "%" + b.ToString("X2", CultureInfo.InvariantCulture)));

    [GeneratedRegex("8:completei([0-9]+)e")]
    private static partial Regex Complete();

    [GeneratedRegex("10:incompletei([0-9]+)e")]
    private static partial Regex Incomplete();
}
