using System.Text;
using Compeer.Formats.Multiformats;
using Compeer.Network.Hosting;
using Compeer.Network.KadDht;
using Compeer.Protocols.KadDht;

namespace Compeer.Examples;

/// <summary>One says in a DHT of their own that it has something; another finds it there, and fetches it from it.</summary>
public static class ProvidersExample
{
    public static async Task RunAsync(TextWriter output)
    {
        var options = new KadDhtServiceOptions { Protocol = "/example/kad/1.0.0", Scope = KadScope.Any };
        byte[] content = "Something worth having"u8.ToArray();
        Multihash name = Multihash.Sha256(content);

        await using PeerHost meeting = await ListenAsync(), owner = await ListenAsync(), seeker = await ListenAsync();
        await using KadDhtService server = KadDhtService.Start(meeting, options with { Mode = KadMode.Server });

        await using KadDhtService owners = KadDhtService.Start(owner, options);
        await owner.ConnectAsync(meeting.Addresses[0].With(meeting.Id));
        owner.ServeFetch((key, _) => Task.FromResult<byte[]?>(key == name.ToString() ? content : null));
        await owners.ProvideAsync(name);

        await using KadDhtService seekers = KadDhtService.Start(seeker, options);
        await seeker.ConnectAsync(meeting.Addresses[0].With(meeting.Id));
        await foreach (KadPeer provider in seekers.FindProvidersAsync(name, count: 1))
        {
            seeker.AddAddresses(provider.Id, provider.Addresses);
            byte[]? fetched = await seeker.FetchAsync(provider.Id, name.ToString());
            await output.WriteLineAsync(Encoding.UTF8.GetString(fetched ?? []));
        }
    }

    private static Task<PeerHost> ListenAsync() => PeerHost.StartAsync(new PeerHostOptions { Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")] });
}
