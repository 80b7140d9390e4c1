using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using Compeer.Node.Hosting;

namespace Compeer.Tests.Api;

/// <summary>A node of its own on loopback, with a data directory that goes with it.</summary>
public sealed class LiveNode : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private NodeHost? _host;

    public string Root { get; } = Directory.CreateTempSubdirectory("compeer-node-").FullName;

    public string Data => Path.Combine(Root, "data");

    public NodeHost Host => _host!;

    /// <summary>A proxy that it starts with.</summary>
    public string Proxy { get; set; } = "";

    /// <summary>The clock that it starts with.</summary>
    public TimeProvider Time { get; set; } = TimeProvider.System;

    public Uri Url => new(Host.Url);

    /// <summary>Calls with the token.</summary>
    public HttpClient Owner { get; private set; } = null!;

    /// <summary>Calls as nobody.</summary>
    public HttpClient Stranger { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        await StartAsync();
        Owner = Client(Host.Token);
        Stranger = Client(null);
    }

    /// <summary>Starts the node; again after <see cref="StopAsync"/>.</summary>
    public async Task StartAsync() => _host = await NodeHost.StartAsync(new NodeStart
    {
        DataDirectory = Data,
        Time = Time,
        Environment = static _ => null,
        Flags = new Dictionary<string, string>
        {
            ["api"] = "127.0.0.1:0", ["bind"] = "127.0.0.1", ["dht"] = "false", ["lan"] = "false", ["port-mapping"] = "false", ["download-directory"] = Path.Combine(Root, "downloads"), ["proxy"] = Proxy,
        },
    }, CancellationToken.None);

    public async Task StopAsync()
    {
        if (_host is not null)
            await _host.DisposeAsync();
        _host = null;
    }

    public HttpClient Client(string? bearer)
    {
        var client = new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false }) { BaseAddress = Url, Timeout = Patience };
        if (bearer is not null)
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
        return client;
    }

    /// <summary>Sends bytes as they are, and returns what comes back until the node closes, or has answered.</summary>
    public async Task<string> SendRawAsync(string request)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using var limit = new CancellationTokenSource(Patience);
        await socket.ConnectAsync(IPAddress.Loopback, Url.Port, limit.Token);
        await socket.SendAsync(Encoding.ASCII.GetBytes(request), limit.Token);
        var answer = new StringBuilder();
        byte[] buffer = new byte[16 << 10];
        int read;
        while ((read = await socket.ReceiveAsync(buffer, limit.Token)) > 0)
            answer.Append(Encoding.ASCII.GetString(buffer, 0, read));
        return answer.ToString();
    }

    /// <summary>Adds a torrent without peers; returns its id.</summary>
    public async Task<string> AddAsync(char digit = 'a')
    {
        string id = new(digit, 40);
        using HttpResponseMessage added = await Owner.PostAsJsonAsync("/api/v1/torrents", new { link = $"magnet:?xt=urn:btih:{id}&dn=some%20name" });
        Assert.True(added.IsSuccessStatusCode, await added.Content.ReadAsStringAsync());
        return id;
    }

    public async Task DisposeAsync()
    {
        Owner.Dispose();
        Stranger.Dispose();
        await StopAsync();
        Directory.Delete(Root, recursive: true);
    }
}
