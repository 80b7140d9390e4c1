using System.Collections.Immutable;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Compeer.Network.Connections;
using Compeer.Network.Transports;
using Compeer.Network.Turn;
using Compeer.Protocols.Turn;

namespace Compeer.Cli.Commands;

/// <summary>compeer relay: relays for the people named, and tells anybody its address, until stopped.</summary>
internal sealed class RelayCommand
{
    private const string UsersVariable = "COMPEER_RELAY_USERS";
    private const string UserForm = "A user is a name, a colon and a password, such as ann:correct-horse.";

    private readonly Option<IPAddress?> _bind = new("--bind") { Description = "Local address to relay at", HelpName = "IP", CustomParser = Parse.Address, Required = true };
    private readonly Option<int> _port = new("--port") { Description = "Port (default: 3478)", HelpName = "N", DefaultValueFactory = _ => RelayUri.DefaultPort };
    private readonly Option<TurnCredentials[]> _users = new("--user") { Description = $"Who may relay; may be given several times, or better in {UsersVariable} in the environment, separated by spaces, since others may see the command line", HelpName = "NAME:PASSWORD", CustomParser = Users };
    private readonly Option<int> _quota = new("--quota") { Description = "Relayed ports of one user (default: 8)", HelpName = "N", DefaultValueFactory = _ => 8 };
    private readonly Option<long> _limit = new("--limit") { Description = "Bytes a second of one relayed port (default: 4M)", HelpName = "RATE", CustomParser = Parse.Rate, DefaultValueFactory = _ => 4 << 20 };
    private readonly Option<IPAddress?> _public = new("--public") { Description = "Address to tell, when a router forwards the ports to --bind", HelpName = "IP", CustomParser = Parse.Address };
    private readonly Option<bool> _private = new("--allow-private") { Description = "Relay to private addresses too: users reach into this network" };
    private readonly Option<bool> _json = new("--json") { Description = "One JSON object a line on standard output" };

    public Command Build()
    {
        var command = new Command("relay", "Run a relay (TURN) for people you know, and tell addresses (STUN), until stopped");
        foreach (Option option in (Option[])[_bind, _port, _users, _quota, _limit, _public, _private, _json])
            command.Options.Add(option);
        command.SetAction(RunAsync);
        command.Subcommands.Add(new RelayCheckCommand().Build());
        return command;
    }

    private async Task<int> RunAsync(ParseResult result, CancellationToken cancellationToken)
    {
        var local = new IPEndPoint(result.GetValue(_bind)!, result.GetValue(_port));
        if (local.Address.Equals(IPAddress.Any) || local.Address.Equals(IPAddress.IPv6Any))
            return Fail("--bind names one address: answers have to leave from where they are awaited.");
        string[] named = (Environment.GetEnvironmentVariable(UsersVariable) ?? "").Split([' ', '\t', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries);
        if (!TryReadUsers(named, out List<TurnCredentials> users))
            return Fail($"{UsersVariable} in the environment cannot be used. {UserForm}");
        users.AddRange(result.GetValue(_users) ?? []);
        if (users.Count == 0)
            return Fail($"Nobody may relay: name users in {UsersVariable} in the environment, or with --user. {UserForm}");
        try
        {
            await using UdpEndpoint endpoint = UdpEndpoint.Bind(local);
            await using var driver = new TurnServerDriver(endpoint, Options(result, local.Address, users));
            endpoint.Add(driver);
            endpoint.Start();
            Announce(result, new IPEndPoint(result.GetValue(_public) ?? local.Address, endpoint.LocalEndPoint.Port), users);
            await FollowAsync(driver, result.GetValue(_json), cancellationToken);
            return ExitCode.Done;
        }
        catch (SocketException e)
        {
            return Fail($"Cannot relay at {local}: {SocketErrors.Describe(e.SocketErrorCode)}. Choose another --bind or --port.");
        }
    }

    private TurnServerDriverOptions Options(ParseResult result, IPAddress local, List<TurnCredentials> users)
    {
        var passwords = ImmutableDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (TurnCredentials user in users)
            passwords[user.Username] = user.Password;
        bool isV6 = local.AddressFamily == AddressFamily.InterNetworkV6;
        return new TurnServerDriverOptions
        {
            RelayV4 = isV6 ? null : local,
            RelayV6 = isV6 ? local : null,
            PublicV4 = result.GetValue(_public),
            Server = new TurnServerOptions
            {
                Users = passwords.ToImmutable(),
                MaxAllocationsPerUser = result.GetValue(_quota),
                BytesPerSecond = result.GetValue(_limit),
                AllowPrivatePeers = result.GetValue(_private),
                OwnAddresses = [.. LocalAddresses.All()],
            },
        };
    }

    private void Announce(ParseResult result, IPEndPoint endpoint, List<TurnCredentials> users)
    {
        string[] names = [.. users.Select(user => user.Username).Distinct()];
        if (result.GetValue(_json))
        {
            Console.Out.WriteLine(new JsonObject
            {
                ["event"] = "relaying",
                ["stun"] = $"stun:{endpoint}",
                ["addresses"] = new JsonArray([.. names.Select(user => JsonValue.Create(new RelayUri(endpoint.Address.ToString(), endpoint.Port, new TurnCredentials(user, "")).ToString()))]),
            }.ToJsonString());
            return;
        }
        Console.Out.WriteLine($"stun:{endpoint}");
        foreach (string user in names)
            Console.Out.WriteLine($"turn:{user}:PASSWORD@{endpoint}");
    }

    private static async Task FollowAsync(TurnServerDriver driver, bool json, CancellationToken cancellationToken)
    {
        TurnServerStatus before = default;
        try
        {
            while (true)
            {
                await Task.Delay(TimeSpan.FromSeconds(10), cancellationToken);
                if (driver.Status != before)
                    Say(before = driver.Status, json);
            }
        }
        catch (OperationCanceledException)
        {
            // Stopping is how it ends; the sum is worth a line.
            Say(driver.Status, json);
        }
    }

    private static void Say(TurnServerStatus status, bool json)
    {
        if (!json)
        {
            Console.Error.WriteLine(status);
            return;
        }
        Console.Out.WriteLine(new JsonObject
        {
            ["event"] = "relayed",
            ["allocations"] = status.Allocations,
            ["bytes"] = status.RelayedBytes,
            ["dropped"] = status.Dropped,
            ["challenges"] = status.Challenges,
            ["bindings"] = status.Bindings,
        }.ToJsonString());
    }

    private static TurnCredentials[] Users(ArgumentResult argument)
    {
        if (!TryReadUsers(argument.Tokens.Select(token => token.Value), out List<TurnCredentials> users))
            argument.AddError($"--user cannot be used. {UserForm}");
        return [.. users];
    }

    /// <summary>Reads NAME:PASSWORD of each; false when one is something else.</summary>
    private static bool TryReadUsers(IEnumerable<string> texts, out List<TurnCredentials> users)
    {
        users = [];
        foreach (string text in texts)
        {
            string[] parts = text.Split(':', 2);
            if (parts.Length != 2 || parts[0].Length is 0 or > 100 || parts[1].Length == 0)
                return false;
            users.Add(new TurnCredentials(parts[0], parts[1]));
        }
        return true;
    }

    private static int Fail(string message)
    {
        Console.Error.WriteLine($"compeer: {message}");
        return ExitCode.Usage;
    }
}
