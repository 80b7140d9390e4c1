using System.Runtime.InteropServices;
using Compeer.Formats.Multiformats;
using Compeer.Network.CircuitRelay;
using Compeer.Network.Gossipsub;
using Compeer.Network.Hosting;
using Compeer.Network.KadDht;
using Compeer.P2pd;

Flags flags;
try
{
    flags = Flags.Parse(args);
}
catch (Exception e) when (e is FormatException or IOException)
{
    Console.Error.WriteLine($"p2pd: {e.Message}");
    Console.Error.WriteLine(Flags.Usage);
    return 2;
}
using var ending = new CancellationTokenSource();
using PosixSignalRegistration onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
using PosixSignalRegistration onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);

var options = new PeerHostOptions { Listen = flags.HostAddresses };
await using PeerHost host = await PeerHost.StartAsync(options with
{
    Identity = flags.Identity ?? options.Identity,
    Security = flags.Security.Count > 0 ? flags.Security : options.Security,
});
await using PubsubService? pubsub = flags.Pubsub
    ? PubsubService.Start(host, flags.IsFloodsub ? new PubsubOptions { Protocols = ["/floodsub/1.0.0"] } : new PubsubOptions())
    : null;
using KadFileArchive? kept = flags.DhtKept is { } path ? KadFileArchive.Open(path) : null;
// Private addresses count too: all peers of a suite are on one machine.
await using KadDhtService? dht = flags.Dht ? KadDhtService.Start(host, new KadDhtServiceOptions { Mode = KadMode.Server, Scope = KadScope.Any, Archive = kept }) : null;
await using CircuitRelayService? relay = flags.Relay ? CircuitRelayService.Start(host, new CircuitRelayOptions { Serves = _ => true }) : null;
var control = new ControlServer(host, pubsub, dht);
await control.RunAsync(flags.Control, ending.Token);
return 0;

void End(PosixSignalContext context)
{
    context.Cancel = true;
    ending.Cancel();
}
