using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using Compeer.Network.Connections;
using Compeer.Network.Stun;
using Compeer.Network.Transports;
using Compeer.Network.Turn;
using Compeer.Protocols.Stun;
using Compeer.Protocols.Turn;

namespace Compeer.Cli.Commands;

/// <summary>compeer relay check: tries STUN servers and a relay from this machine and tells what they say.</summary>
internal sealed class RelayCheckCommand
{
    private const int EchoCount = 20;
    private const int EchoBytes = 1000;

    private readonly Argument<RelayUri[]> _servers = new("SERVER") { Description = "stun:HOST[:PORT] or turn:USER:PASSWORD@HOST[:PORT]; several STUN servers tell more", CustomParser = Servers, Arity = ArgumentArity.OneOrMore };
    private readonly Option<IPAddress?> _bind = new("--bind") { Description = "Local address (default: all)", HelpName = "IP", CustomParser = Parse.Address };
    private readonly Option<int> _port = new("--port") { Description = "Local port (default: any)", HelpName = "N" };
    private readonly Option<IPEndPoint?> _echo = new("--echo") { Description = "Send through the relay to a program there that sends everything back", HelpName = "IP:PORT", CustomParser = Parse.EndPoint };
    private readonly Option<int> _seconds = new("--seconds") { Description = "How long to wait for what comes back (default: 5)", HelpName = "N", DefaultValueFactory = _ => 5 };
    private readonly Option<bool> _json = new("--json") { Description = "One JSON object a line on standard output" };

    public Command Build()
    {
        var command = new Command("check", "Try STUN servers and a relay from here");
        command.Arguments.Add(_servers);
        foreach (Option option in (Option[])[_bind, _port, _echo, _seconds, _json])
            command.Options.Add(option);
        command.SetAction(RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult result, CancellationToken cancellationToken)
    {
        bool json = result.GetValue(_json);
        try
        {
            var found = new JsonObject();
            await CheckAsync(result, found, cancellationToken);
            Say(json, "checked", found);
            return ExitCode.Done;
        }
        catch (Exception e) when (e is TurnException or SocketException)
        {
            string message = e is SocketException s ? $"{e.Message} ({SocketErrors.Describe(s.SocketErrorCode)})" : e.Message;
            Say(json, "error", new JsonObject { ["message"] = message, ["reason"] = (e as TurnException)?.Reason.ToString(), ["code"] = ExitCode.NotFound });
            return ExitCode.NotFound;
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Interrupted;
        }
    }

    private async Task CheckAsync(ParseResult result, JsonObject found, CancellationToken cancellationToken)
    {
        RelayUri[] uris = result.GetValue(_servers)!;
        IPAddress bind = result.GetValue(_bind) ?? IPAddress.Any;
        await using UdpEndpoint endpoint = UdpEndpoint.Bind(new IPEndPoint(bind, result.GetValue(_port)));
        var echoes = new EchoCounter();
        await using var relay = new TurnClient(endpoint, echoes);
        await using var stun = new StunClient(endpoint);
        endpoint.Add(relay);
        endpoint.Add(stun);
        endpoint.Start();

        List<IPEndPoint> servers = [];
        foreach (RelayUri uri in uris)
            servers.Add(await ResolveAsync(uri, endpoint.LocalEndPoint.AddressFamily, cancellationToken));
        NatBehaviour nat = await stun.DiscoverAsync(servers, LocalAddresses.All(), endpoint.LocalEndPoint.Port, cancellationToken);
        found["mapped"] = new JsonArray([.. nat.Mapped.Select(m => JsonValue.Create(m.ToString()))]);
        found["mapping"] = JsonNamingPolicy.CamelCase.ConvertName(nat.Mapping.ToString());
        found["filtering"] = JsonNamingPolicy.CamelCase.ConvertName(nat.Filtering.ToString());
        found["keepsPort"] = nat.KeepsPort;
        found["udpBlocked"] = nat.IsUdpBlocked;

        int at = Array.FindIndex(uris, uri => uri.IsRelay);
        if (at < 0)
            return;
        TurnAllocated allocated = await relay.AllocateAsync(servers[at], uris[at].Credentials!, cancellationToken);
        Say(result.GetValue(_json), "allocated", new JsonObject { ["relayed"] = allocated.Relayed.ToString() });
        if (result.GetValue(_echo) is not { } echo)
            return;
        found["permitted"] = await relay.PermitAsync(echo.Address, cancellationToken);
        await EchoAsync(relay, echo, echoes, result.GetValue(_seconds), cancellationToken);
        found["echoes"] = echoes.Count;
        found["sentBytes"] = relay.SentBytes;
        found["receivedBytes"] = relay.ReceivedBytes;
    }

    /// <summary>Sends some datagrams, each with its own bytes, and waits for all of them.</summary>
    private static async Task EchoAsync(TurnClient relay, IPEndPoint echo, EchoCounter echoes, int seconds, CancellationToken cancellationToken)
    {
        for (int i = 0; i < 20 * seconds && echoes.Count < EchoCount; i++)
        {
            if (i < EchoCount)
            {
                byte[] datagram = new byte[EchoBytes];
                Array.Fill(datagram, (byte)i);
                echoes.Expect(datagram, echo);
                relay.TrySend(datagram, echo);
            }
            await Task.Delay(TimeSpan.FromMilliseconds(50), cancellationToken);
        }
    }

    private static async Task<IPEndPoint> ResolveAsync(RelayUri uri, AddressFamily family, CancellationToken cancellationToken)
    {
        IPAddress[] addresses = await Dns.GetHostAddressesAsync(uri.Host, family, cancellationToken);
        return new IPEndPoint(addresses.Length > 0 ? addresses[0] : throw new SocketException((int)SocketError.HostNotFound), uri.Port);
    }

    private static void Say(bool json, string name, JsonObject values)
    {
        if (json)
        {
            values.Insert(0, "event", name);
            Console.Out.WriteLine(values.ToJsonString());
        }
        else if (name == "error")
        {
            Console.Error.WriteLine($"compeer: {values["message"]}");
        }
        else
        {
            foreach ((string key, JsonNode? value) in values)
                Console.Out.WriteLine($"{key,-14} {(value is JsonArray array ? string.Join(", ", array) : value)}");
        }
    }

    private static RelayUri[] Servers(ArgumentResult argument)
    {
        var servers = new List<RelayUri>();
        foreach (Token token in argument.Tokens)
        {
            if (RelayUri.TryParse(token.Value, out RelayUri? uri))
                servers.Add(uri);
            else
                argument.AddError("A server is stun:HOST[:PORT] or turn:USER:PASSWORD@HOST[:PORT].");
        }
        return [.. servers];
    }

    /// <summary>Counts what comes back as it was sent, and from where it was sent to.</summary>
    private sealed class EchoCounter : IDatagramReceiver
    {
        private readonly Lock _lock = new();
        private readonly List<(byte[] Datagram, IPEndPoint From)> _expected = [];
        private int _count;

        public int Count => Volatile.Read(ref _count);

        public void Expect(byte[] datagram, IPEndPoint from)
        {
            lock (_lock)
                _expected.Add((datagram, from));
        }

        public bool TryReceive(ReadOnlySpan<byte> datagram, IPEndPoint from)
        {
            lock (_lock)
            {
                for (int i = 0; i < _expected.Count; i++)
                {
                    if (!datagram.SequenceEqual(_expected[i].Datagram) || !from.Equals(_expected[i].From))
                        continue;
                    _expected.RemoveAt(i);
                    _count++;
                    break;
                }
            }
            return true;
        }
    }
}
