using System.Globalization;

namespace Compeer.InteropTests.Lab;

/// <summary>coturn on port 3478 with the user ann:secret, and its client programs.</summary>
public sealed class Coturn : LabProcess
{
    public const int Port = 3478;

    private const int PeerPort = 3480;

    private Coturn(LabHost host, IEnumerable<string> arguments) : base(host, Prerequisites.PathOf("turnserver"), arguments)
    {
    }

    /// <summary>Where <see cref="EchoOn"/> listens.</summary>
    public static string EchoAt(LabHost host) => host.At(PeerPort);

    /// <summary>Starts the server; with a second address it discovers NAT behaviour (RFC 5780). Returns when it listens.</summary>
    public static async Task<Coturn> StartAsync(LabHost host, int quota = 10, bool hasSecondAddress = false)
    {
        Prerequisites.Demand(Needs.Coturn);
        string directory = host.Network.NewDirectory($"coturn{host.Network.NextNumber()}");
        List<string> arguments =
        [
            "-n", "-L", host.Address, "-E", host.Address, "-p", Port.ToString(CultureInfo.InvariantCulture), "--lt-cred-mech", "-u", "ann:secret", "-r", "lab.test",
            "--no-tls", "--no-dtls", "--no-cli", "-q", quota.ToString(CultureInfo.InvariantCulture),
            "--log-file", "stdout", "--pidfile", Path.Combine(directory, "pid"), "-b", Path.Combine(directory, "db"),
        ];
        if (hasSecondAddress)
        {
            arguments.AddRange(["-L", await host.Network.AddAddressesAsync(host, 1)]);
        }
        var server = new Coturn(host, arguments);
        await Ports.WaitUntilOpenAsync(server, Port);
        return server;
    }

    /// <summary>A program that sends every UDP datagram back to where it came from.</summary>
    public static LabProcess EchoOn(LabHost host) =>
        new(host, Prerequisites.PathOf("turnutils_peer"), ["-L", host.Address, "-p", PeerPort.ToString(CultureInfo.InvariantCulture)]);

    /// <summary>coturn's TURN client; gives what it printed.</summary>
    public static Task<string> ClientAsync(LabHost host, LabHost server, int port, string password, params string[] options) =>
        RunAsync(host, "turnutils_uclient", ["-u", "ann", "-w", password, "-p", port.ToString(CultureInfo.InvariantCulture), "-L", host.Address, .. options, server.Address]);

    /// <summary>coturn's STUN client; gives what it printed.</summary>
    public static Task<string> StunClientAsync(LabHost host, LabHost server, int port) =>
        RunAsync(host, "turnutils_stunclient", ["-p", port.ToString(CultureInfo.InvariantCulture), "-L", host.Address, server.Address]);

    /// <summary>coturn's program that asks a STUN server how a NAT maps and filters; gives what it printed.</summary>
    public static Task<string> NatDiscoveryAsync(LabHost host, LabHost server, int port) =>
        RunAsync(host, "turnutils_natdiscovery", ["-m", "-p", port.ToString(CultureInfo.InvariantCulture), "-L", host.Address, server.Address]);

    private static async Task<string> RunAsync(LabHost host, string program, IEnumerable<string> arguments)
    {
        await using var process = new LabProcess(host, Prerequisites.PathOf(program), arguments);
        await process.WaitForExitAsync(TimeSpan.FromSeconds(60));
        return process.Said;
    }
}
