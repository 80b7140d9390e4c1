using System.Globalization;
using System.Text;
using System.Text.Json;
using Compeer.Node.Configuration;

namespace Compeer.Node.Hosting;

/// <summary>How much a line matters.</summary>
public enum LogLevel
{
    Debug,
    Info,
    Warning,
    Error,
}

/// <summary>A line of the log.</summary>
public sealed record LogLine(DateTimeOffset Time, LogLevel Level, string Area, string Message);

/// <summary>
/// What the node says of itself: node.log in the data directory, as text or as JSON, and the last thousand lines in memory. A full file
/// becomes node.log.1 in place of the one before, so that the disk use is bounded. What the disk refuses is not written. Thread-safe.
/// </summary>
internal sealed class NodeLog(string path, NodeConfiguration configuration, TimeProvider time) : IDisposable
{
    private const int Kept = 1000;
    private const int MaxMessageLength = 2000;

    private readonly Lock _writing = new();
    private readonly Queue<LogLine> _lines = new();
    private StreamWriter? _file;

    /// <summary>Called with each line that is kept.</summary>
    public event Action<LogLine>? Written;

    /// <summary>Writes a line, if its area's level lets it.</summary>
    public void Write(LogLevel level, string area, string message)
    {
        if (level < LevelOf(area))
            return;
        // A name from the network may hold what a terminal obeys.
        string safe = new([.. message.Take(MaxMessageLength).Select(c => char.IsControl(c) ? ' ' : c)]);
        var line = new LogLine(time.GetUtcNow(), level, area, safe);
        lock (_writing)
        {
            _lines.Enqueue(line);
            if (_lines.Count > Kept)
                _lines.Dequeue();
            try
            {
                Append(line);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _file = null;
            }
        }
        Written?.Invoke(line);
    }

    /// <summary>The newest lines, oldest first.</summary>
    public IReadOnlyList<LogLine> Tail(int count, LogLevel level, string? area)
    {
        lock (_writing)
            return [.. _lines.Where(l => l.Level >= level && (area is null || l.Area == area)).TakeLast(count)];
    }

    public void Dispose()
    {
        lock (_writing)
            _file?.Dispose();
    }

    private LogLevel LevelOf(string area)
    {
        string own = configuration[NodeOptions.LogLevels].Split(',').LastOrDefault(e => e.StartsWith(area + "=", StringComparison.Ordinal)) is { } entry ? entry[(area.Length + 1)..] : configuration[NodeOptions.LogLevel];
        return Enum.Parse<LogLevel>(own, ignoreCase: true);
    }

    private void Append(LogLine line)
    {
        if (_file is { BaseStream.Length: var length } && length > configuration.Number(NodeOptions.LogSize))
        {
            _file.Dispose();
            _file = null;
            File.Move(path, path + ".1", overwrite: true);
        }
        _file ??= new StreamWriter(new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite), new UTF8Encoding(false)) { AutoFlush = true };
        _file.Write(configuration[NodeOptions.LogFormat] == "json"
            ? JsonSerializer.Serialize(line, Api.ApiJson.Of<LogLine>()) + "\n"
            : string.Create(CultureInfo.InvariantCulture, $"{line.Time:yyyy-MM-ddTHH:mm:ss.fffZ} {line.Level.ToString().ToLowerInvariant(),-7} {line.Area}: {line.Message}\n"));
    }
}
