using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Compeer.BrowserTests.Lab;

/// <summary>The state of a node that has run for years, written as the node writes it: a checksum and a value a line.</summary>
public static class StateFile
{
    public static async Task WriteAsync(string dataDirectory, string downloads, int paused)
    {
        Directory.CreateDirectory(dataDirectory);
        var lines = new StringBuilder("compeer-state 1\n");
        var start = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        for (int i = 0; i < paused; i++)
        {
            string hash = (i + 1).ToString("x40", CultureInfo.InvariantCulture);
            string body = JsonSerializer.Serialize(new { k = "torrent/" + hash, v = new { v1 = hash, name = $"volume {i}", directory = downloads, addedAt = start.AddSeconds(i), paused = true } });
            lines.Append(CultureInfo.InvariantCulture, $"{Checksum(Encoding.UTF8.GetBytes(body)):x8} {body}\n");
        }
        await File.WriteAllTextAsync(Path.Combine(dataDirectory, "node.state"), lines.ToString());
    }

    /// <summary>CRC-32 of ISO 3309, bit by bit.</summary>
    private static uint Checksum(byte[] bytes)
    {
        uint sum = uint.MaxValue;
        foreach (byte b in bytes)
        {
            sum ^= b;
            for (int bit = 0; bit < 8; bit++)
                sum = (sum & 1) != 0 ? (sum >> 1) ^ 0xEDB88320 : sum >> 1;
        }
        return ~sum;
    }
}
