using System.Net;
using Compeer.Protocols;
using Compeer.Protocols.Connecting;

namespace Compeer.Tests.Connecting;

/// <summary>A book and what is done to it, with time in seconds.</summary>
internal sealed class BookKit(PeerBookOptions? options = null, int seed = 1)
{
    public const string NoAnswer = "no answer in time";

    public PeerBook Book { get; } = new(options ?? new PeerBookOptions(), IPEndPoint.Parse("80.1.2.3:6881"), new Random(seed));

    public static Instant At(double seconds) => Instant.Zero + TimeSpan.FromSeconds(10_000 + seconds);

    public static IPEndPoint Peer(string text) => IPEndPoint.Parse(text);

    /// <summary>Addresses of the Internet, each in a /24 of its own.</summary>
    public static IPEndPoint Far(int i) => new(new IPAddress([(byte)(20 + (i >> 16)), (byte)(i >> 8), (byte)i, 9]), 6881);

    public PeerRefusal Add(string endpoint, PeerSource source = PeerSource.Tracker, double second = 0, string? teller = null, bool isSeed = false) =>
        Book.Add(Peer(endpoint), source, At(second), teller is null ? null : IPAddress.Parse(teller), isSeed);

    /// <summary>All that may be dialled now, in order; they stay busy.</summary>
    public List<string> Dialled(double second = 0)
    {
        var dialled = new List<string>();
        while (Book.TryNext(At(second), out IPEndPoint endpoint))
            dialled.Add(endpoint.ToString());
        return dialled;
    }

    public void Fail(string endpoint, double second = 0) => Book.OnFailed(Peer(endpoint), NoAnswer, At(second));

    public void Connect(string endpoint, double second = 0) => Book.OnConnected(Peer(endpoint), dialled: true, At(second));

    public void Close(string endpoint, double second = 0) => Book.OnClosed(Peer(endpoint), useful: true, "it closed the connection", At(second));

    /// <summary>Dials whatever may be dialled, second by second, all in vain; how often each address was tried.</summary>
    public Dictionary<IPAddress, int> DialInVain(double from, double to)
    {
        var dials = new Dictionary<IPAddress, int>();
        for (double second = from; second < to; second++)
        {
            while (Book.TryNext(At(second), out IPEndPoint endpoint))
            {
                dials[endpoint.Address] = dials.GetValueOrDefault(endpoint.Address) + 1;
                Book.OnFailed(endpoint, NoAnswer, At(second));
            }
        }
        return dials;
    }
}
