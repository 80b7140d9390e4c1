using System.Net;
using Compeer.Simulator;
using Compeer.Simulator.Networking;
using Compeer.Simulator.Randomness;

namespace Compeer.SimulationTests;

/// <summary>Small worlds of ping-pong machines.</summary>
internal static class Small
{
    public static IPEndPoint At(string text) => IPEndPoint.Parse(text);

    public static VirtualHost Add(this Simulation simulation, string endPoint, PingPong node, NatBox? nat = null)
    {
        VirtualHost host = simulation.AddHost(At(endPoint), nat);
        simulation.Start(host, node);
        return host;
    }

    /// <summary>Sends pings from one host to an address, and lets a second pass.</summary>
    public static void PingFrom(this Simulation simulation, VirtualHost host, IPEndPoint to, int count = 1)
    {
        for (int i = 0; i < count; i++)
            ((PingPong)host.Node!).Ping(to);
        simulation.Pump(host);
        simulation.RunFor(TimeSpan.FromSeconds(1));
    }

    /// <summary>A ring of hosts that ping their neighbours each second.</summary>
    public static Simulation Ring(Seed seed, int hosts, NetworkOptions options, int traceLines = 0)
    {
        var simulation = new Simulation(seed, options, traceLines);
        for (int i = 0; i < hosts; i++)
        {
            var node = new PingPong { Every = TimeSpan.FromSeconds(1) };
            for (int step = 1; step <= 3; step++)
                node.Watch(Address((i + step) % hosts), simulation.Now);
            simulation.Start(simulation.AddHost(Address(i)), node);
        }
        return simulation;
    }

    private static IPEndPoint Address(int host) => new(new IPAddress([10, 0, (byte)(host >> 8), (byte)host]), 6881);
}
