using Compeer.Content.Torrents;
using Compeer.Formats.Hashing;
using Compeer.Network.PortMapping;
using Compeer.Network.Turn;
using Compeer.Protocols.PortMapping;
using Spectre.Console;

namespace Compeer.Cli.Output;

/// <summary>
/// Lines for people: results on standard output, everything else on standard error. On a terminal one line is
/// redrawn in place with the progress; in a pipe progress is a line every few seconds.
/// </summary>
internal sealed class PlainReporter : IReporter
{
    private static readonly TimeSpan LiveInterval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(5);

    private readonly TextWriter _results;
    private readonly Lazy<IAnsiConsole> _terminal;
    private readonly bool _quiet;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private long _lastLine;
    private int _liveWidth;
    private string? _toldMapping;

    /// <param name="results">Where results go.</param>
    /// <param name="console">Made when there is something to say, which takes as long as hashing a few megabytes.</param>
    /// <param name="quiet">Results and errors only.</param>
    /// <param name="time">What spaces the lines of progress.</param>
    public PlainReporter(TextWriter results, Func<IAnsiConsole> console, bool quiet, TimeProvider time)
    {
        _results = results;
        _terminal = new Lazy<IAnsiConsole>(console);
        _quiet = quiet;
        _time = time;
    }

    private IAnsiConsole Terminal => _terminal.Value;

    public void Sharing(SharingReport report)
    {
        Result(report.Link);
        Line($"Sharing [bold]{Markup.Escape(Printable.Text(report.Name))}[/]: {Units.Size(report.LengthBytes)} in {Units.Count(report.Files, "file")}.");
        if (report.TorrentFile is not null)
            Line($"Torrent file: {Markup.Escape(report.TorrentFile)}");
        Line($"Reachable at {Markup.Escape(string.Join(", ", report.Addresses))}{(report.Trackers.Count == 0 ? "" : "; trackers: " + Markup.Escape(string.Join(", ", report.Trackers)))}.");
        Line($"Give the link above to others. {(report.DaemonId is { } id ? $"The daemon shares it from now on; 'compeer remove {id[..8]}' ends that." : "Press Ctrl-C to stop.")}");
    }

    public void Metadata(MetadataReport report) =>
        Line($"[bold]{Markup.Escape(Printable.Text(report.Name))}[/]: {Units.Size(report.LengthBytes)} in {Units.Count(report.Files, "file")}, {Units.Count(report.Pieces, "piece")}.");

    public void Progress(TorrentStatus status)
    {
        lock (_lock)
        {
            long now = _time.GetTimestamp();
            if (_quiet)
                return;
            bool live = Terminal.Profile.Out.IsTerminal && Terminal.Profile.Capabilities.Ansi;
            if (_lastLine != 0 && _time.GetElapsedTime(_lastLine, now) < (live ? LiveInterval : LineInterval))
                return;
            _lastLine = now;
            if (live)
                Redraw(ProgressLine.Of(status, Terminal.Profile.Width, bar: true));
            else
                Terminal.Profile.Out.Writer.WriteLine(ProgressLine.Of(status, 200, bar: false));
        }
    }

    public void Event(TorrentEvent happened)
    {
        switch (happened)
        {
            case PeerBanned peer:
                Line($"[yellow]Banned {peer.Address}[/] ({Markup.Escape(Printable.Text(peer.Client))}): {Markup.Escape(peer.Reason)}.");
                break;
            case WebSeedChanged { State: "banned" } seed:
                Line($"[yellow]Banned the web seed {Markup.Escape(Printable.Text(seed.Address))}:[/] {Markup.Escape(seed.Reason)}.");
                break;
            case WebSeedChanged { State: "closed" } seed:
                Note($"The web seed {seed.Address} is not asked again: {seed.Reason}.");
                break;
            case TorrentProblem problem:
                Note(problem.Message);
                break;
        }
    }

    public void PortMapping(PortMappingStatus status)
    {
        // Said once, and again only when it changes: without a mapping there is nothing to say here.
        if (!status.IsSettled || status.ExternalOf(MappedProtocol.Tcp)?.ToString() is not { } external || Interlocked.Exchange(ref _toldMapping, external) == external)
            return;
        Note($"The router passes {external} on to this machine ({status.Way.NameOf()}).");
    }

    public void Relay(RelayStatus status)
    {
        if (status.Relayed is { } relayed)
            Note($"Whoever cannot reach this machine may come through the relay, at {relayed}.");
        else if (status.Problem is { } problem)
            Note($"{problem} Peers that can be reached directly are, and the relay is asked again.");
    }

    public void Complete(TorrentStatus status, string directory)
    {
        Line($"[green]Complete and verified:[/] {Units.Size(status.WantedBytes)} in {Markup.Escape(directory)}"
            + (status.RehashedBytes > 0 ? $" ({Units.Size(status.RehashedBytes)} were already there and checked)." : "."));
        Result(Path.Combine(directory, Printable.Text(status.Name ?? "")));
    }

    public void Published(long version, Sha1Hash infoHash, int nodes) =>
        Line(nodes > 0 ? $"Version {version} is named in the DHT ({nodes} nodes)." : $"Version {version} found in the DHT.");

    public void Note(string message) => Line(Markup.Escape(Printable.Text(message)));

    public void Error(string message, int exitCode)
    {
        lock (_lock)
        {
            Redraw("");
            Terminal.MarkupLine($"[red]compeer:[/] {Markup.Escape(Printable.Text(message))}");
        }
    }

    public void Dispose()
    {
        lock (_lock)
            Redraw("");
    }

    private void Result(string line)
    {
        lock (_lock)
        {
            Redraw("");
            _results.WriteLine(line);
            _results.Flush();
        }
    }

    private void Line(string markup)
    {
        if (_quiet)
            return;
        lock (_lock)
        {
            Redraw("");
            Terminal.MarkupLine(markup);
        }
    }

    private void Redraw(string line)
    {
        if (line.Length == 0 && _liveWidth == 0)
            return;
        TextWriter writer = Terminal.Profile.Out.Writer;
        writer.Write("\r" + line.PadRight(_liveWidth));
        if (line.Length == 0)
            writer.Write("\r");
        writer.Flush();
        _liveWidth = line.Length;
    }
}
