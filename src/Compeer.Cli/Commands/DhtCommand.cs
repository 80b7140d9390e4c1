using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Compeer.Cli.Output;
using Compeer.Formats.Bencoding;
using Compeer.Formats.Hashing;
using Compeer.Network;
using Compeer.Network.Connections;
using Compeer.Network.MainlineDht;
using Compeer.Network.SecureChannels;
using Compeer.Network.Transports;
using Compeer.Protocols.Kademlia;
using Compeer.Protocols.MainlineDht;

namespace Compeer.Cli.Commands;

/// <summary>compeer dht: takes part in the DHT, looks a swarm up, stores and fetches small items.</summary>
internal sealed class DhtCommand
{
    private static readonly TimeSpan JoinTime = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan StatusPause = TimeSpan.FromSeconds(1);

    private readonly CommonOptions _common = new();
    private readonly Argument<string> _infoHash = new("INFOHASH") { Description = "40 hexadecimal digits" };
    private readonly Argument<string> _key = new("KEY") { Description = "40 hexadecimal digits of an immutable item, or 64 of the public key of a mutable one" };
    private readonly Argument<string> _text = new("TEXT") { Description = "What to store; at most 990 bytes" };
    private readonly Argument<IPEndPoint[]> _nodes = new("NODE") { Description = "IP:PORT of a node; several may be given", CustomParser = Parse.EndPoints, Arity = ArgumentArity.OneOrMore };
    private readonly Option<int> _announce = new("--announce") { Description = "Announce that a peer is here at this port", HelpName = "PORT" };
    private readonly Option<bool> _scrape = new("--scrape") { Description = "Count the swarm instead; many nodes then name no peers" };
    private readonly Option<string> _salt = new("--salt") { Description = "Tells several mutable items of one key apart", HelpName = "TEXT", DefaultValueFactory = _ => "" };
    private readonly Option<string?> _keyFile = new("--key-file") { Description = "Store a mutable item, signed with the key in this file; it is made when it is not there", HelpName = "FILE" };
    private readonly Option<long> _sequence = new("--seq") { Description = "Version of a mutable item (default: 1)", HelpName = "N", DefaultValueFactory = _ => 1 };
    private readonly Option<long?> _replyRate = new("--reply-rate") { Description = "Answer others at this rate in all, for instance 100K or 2M bytes per second; 0: no limit (default: 16K)", HelpName = "RATE", CustomParser = r => Parse.Rate(r) };
    private readonly Option<int?> _queryRate = new("--query-rate") { Description = "Questions a second taken from one address (default: 5)", HelpName = "N" };

    public Command Build()
    {
        var command = new Command("dht", "Take part in the DHT; look up swarms; store and fetch small items");
        command.Subcommands.Add(Sub("node", "Take part until stopped", [], [_replyRate, _queryRate], NodeAsync));
        command.Subcommands.Add(Sub("peers", "Look a swarm up", [_infoHash], [_announce, _scrape], PeersAsync));
        command.Subcommands.Add(Sub("get", "Fetch an item", [_key], [_salt], GetAsync));
        command.Subcommands.Add(Sub("put", "Store an item for about two hours", [_text], [_keyFile, _salt, _sequence], PutAsync));
        command.Subcommands.Add(Sub("sample", "Ask nodes for some of the swarms that they know", [_nodes], [], SampleAsync));
        return command;
    }

    private Command Sub(string name, string description, Argument[] arguments, Option[] options, Func<ParseResult, DhtService, CancellationToken, Task<int>> action)
    {
        var command = new Command(name, description);
        foreach (Argument argument in arguments)
            command.Arguments.Add(argument);
        foreach (Option option in options)
            command.Options.Add(option);
        _common.AddDhtTo(command);
        command.SetAction((result, token) => Runner.RunAsync(_common.Reporter(result), reporter => WithDhtAsync(result, reporter, action, token)));
        return command;
    }

    private async Task<int> WithDhtAsync(ParseResult result, IReporter reporter, Func<ParseResult, DhtService, CancellationToken, Task<int>> action, CancellationToken cancellationToken)
    {
        IPAddress bind = _common.Bind(result) ?? (Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any);
        await using UdpEndpoint udp = Bind(new IPEndPoint(bind, _common.Port(result)));
        using var timers = new SharedTimers();
        await using DhtService dht = DhtService.Start(udp, Limited(result, _common.DhtOptions(result, reporter)), timers);
        udp.Add(dht);
        udp.Start(onOwnThread: true);
        return await action(result, dht, cancellationToken);
    }

    private DhtServiceOptions Limited(ParseResult result, DhtServiceOptions options)
    {
        DhtOptions node = options.Node;
        if (result.GetValue(_replyRate) is { } bytes)
            node = node with { ReplyBytesPerSecond = (int)Math.Min(bytes, int.MaxValue) };
        if (result.GetValue(_queryRate) is { } queries)
        {
            if (queries < 1)
                throw new CommandException(ExitCode.Usage, $"--query-rate {queries} is less than 1: such a node would hear nobody.");
            int burst = (int)Math.Min((long)queries * node.QueryBurst / node.QueriesPerSecond, int.MaxValue);
            node = node with { QueriesPerSecond = queries, QueryBurst = burst };
        }
        return options with { Node = node };
    }

    private static UdpEndpoint Bind(IPEndPoint local)
    {
        try
        {
            return UdpEndpoint.Bind(local);
        }
        catch (SocketException e)
        {
            throw new CommandException(ExitCode.Usage, $"Cannot use UDP port {local.Port} of {local.Address}: {SocketErrors.Describe(e.SocketErrorCode)}. Choose another --port or --bind.");
        }
    }

    private async Task<int> NodeAsync(ParseResult result, DhtService dht, CancellationToken cancellationToken)
    {
        DhtStatus? before = null;
        while (true)
        {
            DhtStatus now = dht.Status;
            if (now != before)
            {
                Say(result, "dht-status", $"{now.Nodes} nodes known; {now.Swarms} swarms and {now.Items} items stored for others.", new JsonObject
                {
                    ["nodes"] = now.Nodes, ["nodes6"] = now.NodesV6, ["swarms"] = now.Swarms, ["items"] = now.Items,
                    ["external"] = (now.ExternalV4 ?? now.ExternalV6)?.ToString(), ["readOnly"] = now.IsReadOnly,
                });
            }
            before = now;
            await Task.Delay(StatusPause, cancellationToken);
        }
    }

    private async Task<int> PeersAsync(ParseResult result, DhtService dht, CancellationToken cancellationToken)
    {
        if (!Sha1Hash.TryParseHex(result.GetValue(_infoHash)!, out Sha1Hash infoHash))
            throw new CommandException(ExitCode.BadInput, $"'{result.GetValue(_infoHash)}' is not an info-hash of 40 hexadecimal digits.");
        int port = result.GetValue(_announce);
        if (port is < 0 or > 65535)
            throw new CommandException(ExitCode.Usage, $"--announce {port} is not a port.");
        await JoinAsync(dht, cancellationToken);
        var options = new GetPeersOptions { Scrape = result.GetValue(_scrape), AnnouncePort = port == 0 ? null : (ushort)port };
        DhtSearchReport report = await dht.FindPeersAsync(
            infoHash,
            options,
            peers =>
            {
                foreach (IPEndPoint peer in peers)
                    Say(result, "dht-peer", peer.ToString(), new JsonObject { ["address"] = peer.ToString() });
            },
            cancellationToken);
        JsonObject values = Describe(report);
        string counted = "";
        if (options.Scrape)
        {
            values["estimatedSeeds"] = Math.Round(report.EstimatedSeeds, 1);
            values["estimatedPeers"] = Math.Round(report.EstimatedPeers, 1);
            counted = $"about {report.EstimatedSeeds:0} seeds and {report.EstimatedPeers:0} others; ";
        }
        Note(result, "dht-search", $"{report.Peers} peers; {counted}{report.Replied} of {report.Asked} nodes answered, {report.Hops} hops, {report.Duration.TotalSeconds:0.0} s; announced to {report.Stored}.", values);
        return report.Peers > 0 || report.Stored > 0 ? ExitCode.Done : ExitCode.NotFound;
    }

    private async Task<int> GetAsync(ParseResult result, DhtService dht, CancellationToken cancellationToken)
    {
        byte[] key = Hex(result.GetValue(_key)!);
        byte[] salt = Encoding.UTF8.GetBytes(result.GetValue(_salt)!);
        await JoinAsync(dht, cancellationToken);
        DhtItem? item = key.Length == Key160.LengthBytes
            ? await dht.GetAsync(Key160.Read(key), cancellationToken)
            : await dht.GetAsync(key, salt, cancellationToken);
        if (item is null)
            throw new CommandException(ExitCode.NotFound, "No node that answered has this item. Items are forgotten after about two hours unless somebody stores them again.");
        string text = BencodeDocument.TryParse(item.Value, BencodeLimits.Peer, out BencodeDocument? document, out _) && document.Root.TryGetText(out string value)
            ? value
            : Convert.ToHexStringLower(item.Value.Span);
        Say(result, "dht-item", Printable.Text(text), new JsonObject { ["value"] = text, ["seq"] = item.IsMutable ? item.Sequence : null });
        return ExitCode.Done;
    }

    private async Task<int> PutAsync(ParseResult result, DhtService dht, CancellationToken cancellationToken)
    {
        byte[] text = Encoding.UTF8.GetBytes(result.GetValue(_text)!);
        byte[] value = [.. Encoding.ASCII.GetBytes(text.Length.ToString(CultureInfo.InvariantCulture)), (byte)':', .. text];
        DhtItem item = result.GetValue(_keyFile) is { } path
            ? DhtItem.Mutable(value, Encoding.UTF8.GetBytes(result.GetValue(_salt)!), result.GetValue(_sequence), SecretKeyFile.LoadOrCreate(path), OpenSslEd25519.Instance)
            : DhtItem.Immutable(value);
        await JoinAsync(dht, cancellationToken);
        DhtSearchReport report = await dht.PutAsync(item, null, cancellationToken);
        JsonObject values = Describe(report);
        values["target"] = item.Target.ToString();
        values["publicKey"] = item.IsMutable ? Convert.ToHexStringLower(item.PublicKey.Span) : null;
        if (report.Stored == 0)
            throw new CommandException(ExitCode.NotFound, report.StoreError == 302 ? "A newer version is stored already: raise --seq." : "No node took the item. Try again later.");
        Say(result, "dht-stored", item.IsMutable ? Convert.ToHexStringLower(item.PublicKey.Span) : item.Target.ToString(), values);
        return ExitCode.Done;
    }

    private async Task<int> SampleAsync(ParseResult result, DhtService dht, CancellationToken cancellationToken)
    {
        IPEndPoint[] nodes = result.GetValue(_nodes)!;
        DhtSamples?[] answers = await Task.WhenAll(nodes.Select(node => dht.SampleAsync(node, cancellationToken)));
        foreach ((IPEndPoint node, DhtSamples? samples) in nodes.Zip(answers))
        {
            foreach (Key160 infoHash in samples?.InfoHashes ?? [])
                Say(result, "dht-sample", infoHash.ToString(), new JsonObject { ["infoHash"] = infoHash.ToString(), ["node"] = node.ToString() });
            Note(result, "dht-samples", samples is null ? $"{node} did not answer, or does not tell." : $"{node} told {samples.InfoHashes.Length} of {samples.Count} swarms, and chooses others after {samples.Interval.TotalSeconds:0} s.",
                new JsonObject { ["node"] = node.ToString(), ["answered"] = samples is not null, ["count"] = samples?.Count, ["intervalSeconds"] = samples?.Interval.TotalSeconds });
        }
        return answers.Any(a => a is not null) ? ExitCode.Done : ExitCode.NotFound;
    }

    private static async Task JoinAsync(DhtService dht, CancellationToken cancellationToken)
    {
        if (await Task.WhenAny(dht.Ready, Task.Delay(JoinTime, cancellationToken)) != dht.Ready)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new CommandException(ExitCode.NotFound, $"No node of the DHT answered within {JoinTime.TotalSeconds:0} s. Check the connection, or name a node with --dht-bootstrap HOST:PORT.");
        }
    }

    private static byte[] Hex(string text)
    {
        try
        {
            byte[] key = Convert.FromHexString(text);
            if (key.Length is Key160.LengthBytes or DhtItem.PublicKeyBytes)
                return key;
        }
        catch (FormatException)
        {
            // Told below.
        }
        throw new CommandException(ExitCode.BadInput, $"'{text}' is neither 40 nor 64 hexadecimal digits.");
    }

    private static JsonObject Describe(DhtSearchReport report) => new()
    {
        ["asked"] = report.Asked,
        ["replied"] = report.Replied,
        ["hops"] = report.Hops,
        ["peers"] = report.Peers,
        ["stored"] = report.Stored,
        ["seconds"] = Math.Round(report.Duration.TotalSeconds, 3),
    };

    private void Say(ParseResult result, string name, string line, JsonObject values) => Write(Console.Out, result, name, line, values);

    private void Note(ParseResult result, string name, string line, JsonObject values) => Write(_common.IsJson(result) ? Console.Out : Console.Error, result, name, line, values);

    private void Write(TextWriter output, ParseResult result, string name, string line, JsonObject values)
    {
        values.Insert(0, "event", name);
        output.WriteLine(_common.IsJson(result) ? values.ToJsonString() : line);
        output.Flush();
    }
}
