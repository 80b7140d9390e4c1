namespace Compeer.Benchmarks.Datagrams;

/// <summary>The verbs tracker, tracker-fill, dht and info-hashes.</summary>
internal static class LoadCommand
{
    public const string Usage = "tracker|tracker-fill|dht IP:PORT CLIENTS SWARMS SECONDS [PID-OF-SERVER] | info-hashes COUNT";

    /// <summary>Asks a server, and prints how it answered.</summary>
    public static int Run(string verb, ReadOnlySpan<string> words)
    {
        LoadOptions options = LoadOptions.Parse(words);
        DatagramLoad load = verb == "dht" ? new DhtLoad(options) : new TrackerLoad(options, once: verb == "tracker-fill");
        load.Run();
        return 0;
    }

    /// <summary>Prints the info-hashes that a load asks for, for a tracker's white list.</summary>
    public static int PrintInfoHashes(int count)
    {
        for (int swarm = 0; swarm < count; swarm++)
            Console.WriteLine(Convert.ToHexStringLower(LoadOptions.InfoHash(swarm)));
        return 0;
    }
}
