using System.Net;
using System.Net.Sockets;
using System.Text;
using Compeer.Node.Hosting;

namespace Compeer.Tests.Api;

/// <summary>Figures go to a collector that is named, in protobuf, and to nobody else.</summary>
public sealed class MetricsExportTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_collector_gets_the_figures_by_otlp()
    {
        string root = Directory.CreateTempSubdirectory("compeer-otlp-").FullName;
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using (await NodeHost.StartAsync(new NodeStart
        {
            DataDirectory = root,
            Environment = static _ => null,
            Flags = new Dictionary<string, string>
            {
                ["api"] = "127.0.0.1:0", ["bind"] = "127.0.0.1", ["dht"] = "false", ["lan"] = "false", ["port-mapping"] = "false",
                ["otlp-endpoint"] = $"http://{listener.LocalEndpoint}/v1/metrics", ["otlp-interval"] = "1",
            },
        }, CancellationToken.None))
        {
            (string head, byte[] body) = await ReceiveAsync(listener);
            Assert.StartsWith("POST /v1/metrics HTTP/1.1", head, StringComparison.Ordinal);
            Assert.Contains("content-type: application/x-protobuf", head, StringComparison.OrdinalIgnoreCase);

            // ExportMetricsServiceRequest.resource_metrics[0] { resource = 1, scope_metrics = 2 { scope = 1, metrics = 2 { name = 1, gauge = 5, sum = 7 } } }
            byte[] resource = Fields(body).Single(f => f.Number == 1).Value;
            byte[] scope = Fields(resource).Single(f => f.Number == 2).Value;
            Assert.Contains("compeer", Encoding.UTF8.GetString(Fields(resource).Single(f => f.Number == 1).Value), StringComparison.Ordinal);
            Dictionary<string, (int Number, byte[] Value)[]> metrics = Fields(scope).Where(f => f.Number == 2).Select(f => Fields(f.Value).ToArray())
                .ToDictionary(m => Encoding.UTF8.GetString(m.Single(f => f.Number == 1).Value));
            Assert.Contains(metrics["compeer_memory_bytes"], f => f.Number == 5);
            Assert.Contains(metrics["compeer_downloaded_bytes_total"], f => f.Number == 7);
            Assert.Equal(5, Fields(metrics["compeer_torrents"].Single(f => f.Number == 5).Value).Count(f => f.Number == 1));
        }
        Directory.Delete(root, recursive: true);
    }

    /// <summary>Takes one request with a body of a told length, and answers 200.</summary>
    private static async Task<(string Head, byte[] Body)> ReceiveAsync(TcpListener listener)
    {
        using var limit = new CancellationTokenSource(Limit);
        using TcpClient client = await listener.AcceptTcpClientAsync(limit.Token);
        NetworkStream stream = client.GetStream();
        var received = new List<byte>();
        byte[] buffer = new byte[64 << 10];
        while (true)
        {
            int read = await stream.ReadAsync(buffer, limit.Token);
            Assert.True(read > 0, "The exporter closed the connection.");
            received.AddRange(buffer[..read]);
            byte[] all = [.. received];
            int end = all.AsSpan().IndexOf("\r\n\r\n"u8);
            if (end < 0)
                continue;
            string head = Encoding.ASCII.GetString(all, 0, end);
            int length = int.Parse(head.Split("\r\n").Single(l => l.StartsWith("content-length:", StringComparison.OrdinalIgnoreCase)).Split(':')[1], System.Globalization.CultureInfo.InvariantCulture);
            if (all.Length < end + 4 + length)
                continue;
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray(), limit.Token);
            return (head, all[(end + 4)..(end + 4 + length)]);
        }
    }

    /// <summary>The fields of a message that have a length. Spec: Protocol Buffers, encoding.</summary>
    private static IEnumerable<(int Number, byte[] Value)> Fields(byte[] message)
    {
        int at = 0;
        while (at < message.Length)
        {
            ulong tag = Varint();
            switch (tag & 7)
            {
                case 0:
                    Varint();
                    break;
                case 1:
                    at += 8;
                    break;
                case 5:
                    at += 4;
                    break;
                case 2:
                    int length = (int)Varint();
                    yield return ((int)(tag >> 3), message[at..(at + length)]);
                    at += length;
                    break;
                default:
                    Assert.Fail($"Wire type {tag & 7} at {at}.");
                    break;
            }
        }

        ulong Varint()
        {
            ulong value = 0;
            for (int shift = 0; ; shift += 7)
            {
                byte next = message[at++];
                value |= (ulong)(next & 0x7f) << shift;
                if (next < 0x80)
                    return value;
            }
        }
    }
}
