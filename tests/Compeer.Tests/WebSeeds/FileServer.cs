using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Compeer.Network.WebSeeds;
using Compeer.Protocols.Trackers;
using Compeer.Tests.Trackers;

namespace Compeer.Tests.WebSeeds;

/// <summary>
/// A small HTTP server of files on loopback. 127.0.0.2 stands for the Internet and 127.0.0.3 for a local network, so that
/// rules can be tried on one machine.
/// </summary>
internal sealed partial class FileServer(string root, IPAddress? address = null) : IAsyncDisposable
{
    public static readonly IPAddress Internet = IPAddress.Parse("127.0.0.2");
    public static readonly IPAddress LocalNetwork = IPAddress.Parse("127.0.0.3");

    private readonly ScriptedTracker _server = new((head, stream, token) => AnswerAsync(root, head, stream, token), address ?? Internet);

    public static WebSeedClientOptions World { get; } = new()
    {
        HeadTimeout = TimeSpan.FromSeconds(10),
        Reach = address => address.ToString() switch
        {
            "127.0.0.2" => AddressReach.Global,
            "127.0.0.3" => AddressReach.Private,
            _ => AddressReaches.Of(address),
        },
    };

    public string Url => $"http://{_server.EndPoint}/";

    public IReadOnlyList<string> Requests => _server.Requests;

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private static async Task AnswerAsync(string root, string head, Stream stream, CancellationToken cancellationToken)
    {
        string path = Path.Combine(root, Uri.UnescapeDataString(head.Split(' ')[1].TrimStart('/')));
        if (!File.Exists(path))
        {
            await stream.WriteAsync("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray(), cancellationToken);
            return;
        }
        byte[] content = await File.ReadAllBytesAsync(path, cancellationToken);
        Match range = Range().Match(head);
        string status = "200 OK";
        string header = "";
        if (range.Success)
        {
            int from = int.Parse(range.Groups[1].ValueSpan, CultureInfo.InvariantCulture), to = int.Parse(range.Groups[2].ValueSpan, CultureInfo.InvariantCulture);
            status = "206 Partial Content";
            header = $"Content-Range: bytes {from}-{to}/{content.Length}\r\n";
            content = content[from..(to + 1)];
        }
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\nContent-Length: {content.Length}\r\n{header}Connection: close\r\n\r\n"), cancellationToken);
        await stream.WriteAsync(content, cancellationToken);
    }

    [GeneratedRegex(@"^Range: bytes=(\d+)-(\d+)\r$", RegexOptions.Multiline)]
    private static partial Regex Range();
}
