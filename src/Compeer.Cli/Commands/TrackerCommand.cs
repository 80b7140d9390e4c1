using System.CommandLine;
using System.Net;
using Compeer.Network.Trackers;
using Compeer.Protocols.Trackers;

namespace Compeer.Cli.Commands;

/// <summary>compeer tracker: tells peers of each other, until stopped.</summary>
internal sealed class TrackerCommand
{
    private static readonly IPEndPoint DefaultEndPoint = new(IPAddress.IPv6Any, 6969);

    private readonly Option<IPEndPoint?> _http = new("--http") { Description = "Where to listen for HTTP (default: all addresses, port 6969)", HelpName = "IP:PORT", CustomParser = Parse.EndPoint };
    private readonly Option<IPEndPoint?> _udp = new("--udp") { Description = "Where to listen for UDP (default: all addresses, port 6969)", HelpName = "IP:PORT", CustomParser = Parse.EndPoint };
    private readonly Option<int> _maxPeers = new("--max-peers") { Description = "Peers kept in all swarms together; a million take about 200 MB", HelpName = "N", DefaultValueFactory = _ => new SwarmTableOptions().MaxPeers };

    public Command Build()
    {
        var command = new Command("tracker", "Run a tracker: tell peers of each other until stopped");
        command.Options.Add(_http);
        command.Options.Add(_udp);
        command.Options.Add(_maxPeers);
        command.SetAction(RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult result, CancellationToken cancellationToken)
    {
        IPEndPoint? http = result.GetValue(_http);
        IPEndPoint? udp = result.GetValue(_udp);
        if (http is null && udp is null)
            http = udp = DefaultEndPoint;
        if (result.GetValue(_maxPeers) < 1)
        {
            Console.Error.WriteLine("compeer: --max-peers is less than 1, but a tracker needs room for peers. Give a larger number, or leave it out.");
            return ExitCode.Usage;
        }
        try
        {
            await using TrackerServer server = await TrackerServer.StartAsync(
                new TrackerServerOptions
                {
                    Http = http is null ? [] : [http],
                    Udp = udp is null ? [] : [udp],
                    Swarms = new SwarmTableOptions { MaxPeers = result.GetValue(_maxPeers) },
                },
                cancellationToken);
            foreach (IPEndPoint endpoint in server.HttpEndPoints)
                Console.Out.WriteLine($"http://{endpoint}/announce");
            foreach (IPEndPoint endpoint in server.UdpEndPoints)
                Console.Out.WriteLine($"udp://{endpoint}/announce");
            await FollowAsync(server, cancellationToken);
        }
        catch (IOException e)
        {
            Console.Error.WriteLine($"compeer: {e.Message} Choose other --http and --udp addresses.");
            return ExitCode.Usage;
        }
        catch (OperationCanceledException)
        {
            // Stopping is how it ends.
        }
        return ExitCode.Done;
    }

    private static async Task FollowAsync(TrackerServer server, CancellationToken cancellationToken)
    {
        string before = "";
        while (true)
        {
            string now = server.Status.ToString();
            if (now != before)
                Console.Error.WriteLine(before = now);
            await Task.Delay(TimeSpan.FromSeconds(10), cancellationToken);
        }
    }
}
