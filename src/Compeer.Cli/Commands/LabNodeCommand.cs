using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Compeer.Formats.Multiformats;
using Compeer.Network.Hosting;

namespace Compeer.Cli.Commands;

/// <summary>compeer lab node: one node of every overlay over real streams, told what to do by JSON lines.</summary>
internal sealed class LabNodeCommand
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Option<Multiaddr[]> _listen = new("--listen") { Description = "Listen here, as /ip4/127.0.0.1/tcp/4001 (default: any port of this machine alone)", HelpName = "ADDR", CustomParser = Addresses };
    private readonly Option<Multiaddr[]> _join = new("--join") { Description = "Join through this node, as /ip4/.../tcp/.../p2p/...; the first node joins nobody", HelpName = "ADDR", CustomParser = Addresses };
    private readonly Option<TimeSpan> _upkeep = new("--upkeep") { Description = "Seconds between two rounds of upkeep, for a network that is to heal fast (default: 2)", HelpName = "SECONDS", CustomParser = Seconds, DefaultValueFactory = _ => TimeSpan.FromSeconds(2) };

    public Command Build()
    {
        var command = new Command("node", "Be a node of Chord, Scribe, Plumtree, search, rumours and reconciliation; JSON lines in and out, see docs/overlays.md");
        command.Options.Add(_listen);
        command.Options.Add(_join);
        command.Options.Add(_upkeep);
        command.SetAction(RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult result, CancellationToken cancellationToken)
    {
        Multiaddr[] listen = result.GetValue(_listen) is { Length: > 0 } given ? given : [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")];
        Multiaddr[] join = result.GetValue(_join) ?? [];
        if (join.FirstOrDefault(a => a.PeerId is null) is { } nameless)
        {
            Console.Error.WriteLine($"compeer: {nameless} does not say who is there. Give an address that ends in /p2p/ and the peer's id, as a node prints it when it is ready.");
            return ExitCode.Usage;
        }
        try
        {
            // Many nodes of one machine come from one address.
            var options = new PeerHostOptions { Listen = listen, Limits = new ConnectionLimits { MaxPerPrefix = 512, MaxTransientPerAddress = 256 } };
            await using PeerHost host = await PeerHost.StartAsync(options);
            await using var node = new LabNode(host, result.GetValue(_upkeep), Print);
            Print("ready", ("peer", host.Id.ToString()), ("addresses", LabNode.Texts(host.Addresses.Select(a => a.With(host.Id).ToString()))));
            node.Start(join);
            await ReadAsync(node, cancellationToken);
            return ExitCode.Done;
        }
        catch (PeerUnreachableException e)
        {
            Console.Error.WriteLine($"compeer: {e.Message} Choose another --listen.");
            return ExitCode.BadInput;
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Interrupted;
        }
    }

    /// <summary>Takes orders until the input ends.</summary>
    private static async Task ReadAsync(LabNode node, CancellationToken cancellationToken)
    {
        // Reading the console cannot be cancelled, so it does not hold up the end.
        while (await Task.Run(Console.In.ReadLine, CancellationToken.None).WaitAsync(cancellationToken) is { } line)
        {
            try
            {
                using JsonDocument order = JsonDocument.Parse(line);
                node.Do(new LabOrder(order.RootElement.Clone()));
            }
            catch (Exception e) when (e is JsonException or FormatException)
            {
                Print("error", ("message", $"{e.Message} An order is one JSON object a line, as {{\"do\":\"search\",\"item\":\"tea\"}}."));
            }
        }
    }

    private static void Print(string name, params (string Name, JsonNode? Value)[] values)
    {
        var line = new JsonObject { ["event"] = name };
        foreach ((string key, JsonNode? value) in values)
            line[key] = value;
        lock (Plain)
            Console.Out.WriteLine(line.ToJsonString(Plain));
    }

    private static Multiaddr[] Addresses(ArgumentResult argument)
    {
        var addresses = new List<Multiaddr>();
        foreach (Token token in argument.Tokens)
        {
            if (Multiaddr.TryParse(token.Value, out Multiaddr? address, out string? error))
                addresses.Add(address);
            else
                argument.AddError($"'{token.Value}' is no multiaddr: {error}");
        }
        return [.. addresses];
    }

    private static TimeSpan Seconds(ArgumentResult argument)
    {
        string text = argument.Tokens[0].Value;
        if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds) && seconds is >= 0.1 and <= 3600)
            return TimeSpan.FromSeconds(seconds);
        argument.AddError($"'{text}' is not a number of seconds from 0.1 to 3600.");
        return default;
    }
}
