using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Compeer.Protocols;
using Compeer.Protocols.PortMapping;

namespace Compeer.Tests.PortMapping;

/// <summary>A home router without sockets: one table of mappings behind all three ways, driven on virtual time together with a mapper.</summary>
internal sealed class ScriptedRouter
{
    public static readonly IPAddress Address = IPAddress.Parse("192.168.1.1");
    public static readonly IPAddress Inside = IPAddress.Parse("192.168.1.20");
    public static readonly IPAddress Other = IPAddress.Parse("192.168.1.30");
    public static readonly PortMappingLink Link = new(Address, Inside, 24);

    private readonly List<(Instant At, Action Deliver)> _due = [];

    /// <summary>External (protocol, port) -> who has it.</summary>
    public Dictionary<(MappedProtocol Protocol, int Port), Entry> Table { get; } = [];

    public PortMappingWays Speaks { get; set; } = PortMappingWays.All;

    public IPAddress External { get; set; } = IPAddress.Parse("5.6.7.8");

    public Instant Booted { get; set; } = Instant.Zero - TimeSpan.FromHours(10);

    public Instant Now { get; private set; } = Instant.Zero + TimeSpan.FromSeconds(1000);

    public TimeSpan UdpLatency { get; set; } = TimeSpan.FromMilliseconds(5);

    public TimeSpan HttpLatency { get; set; } = TimeSpan.FromMilliseconds(20);

    /// <summary>The longest lease that it grants.</summary>
    public uint MaxLease { get; set; } = 86400;

    public bool OnlyPermanent { get; set; }

    public bool IsVersion2 { get; set; }

    public bool IsSilent { get; set; }

    /// <summary>What it refuses to map, by any way.</summary>
    public HashSet<MappedProtocol> Refuses { get; } = [];

    public List<string> Log { get; } = [];

    public List<PortMapperEvent> Events { get; } = [];

    public string Description { get; set; } = """
        <?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0"><device><deviceList><device><deviceList><device><serviceList><service>
        <serviceType>urn:schemas-upnp-org:service:WANIPConnection:VERSION</serviceType><controlURL>/ctl/IPConn</controlURL></service></serviceList></device></deviceList></device></deviceList></device></root>
        """;

    public sealed record Entry(IPAddress Client, int InternalPort, Instant? Ends, byte[]? Nonce);

    public static PortMapper Mapper(PortMapperOptions? options = null) => new(options ?? new(), Link, 6881, "key"u8, new Random(7));

    /// <summary>Runs the mapper for a time, or until it is settled in the way that <paramref name="until"/> says.</summary>
    public void Run(PortMapper mapper, TimeSpan time, Func<bool>? until = null)
    {
        Instant end = Now + time;
        int steps = 0;
        while (true)
        {
            Assert.True(++steps < 200_000, "the mapper spins");
            Flush(mapper);
            while (mapper.TryTakeEvent(out PortMapperEvent? happened))
                Events.Add(happened);
            if (until?.Invoke() == true)
                return;
            Instant next = mapper.NextDeadline ?? Instant.Never;
            foreach ((Instant at, _) in _due)
                next = Instant.Min(next, at);
            if (next > end)
            {
                Now = end;
                Expire();
                return;
            }
            Now = next > Now ? next : Now;
            Expire();
            foreach ((Instant At, Action Deliver) item in _due.Where(d => d.At <= Now).ToArray())
            {
                _due.Remove(item);
                item.Deliver();
            }
            if (mapper.NextDeadline is { } deadline && deadline <= Now)
                mapper.OnDeadline(Now);
        }
    }

    public void RunUntilSettled(PortMapper mapper) => Run(mapper, TimeSpan.FromSeconds(60), () => mapper.Describe().IsSettled);

    public void Restart()
    {
        Booted = Now;
        Table.Clear();
    }

    private void Flush(PortMapper mapper)
    {
        while (true)
        {
            var output = new ArrayBufferWriter<byte>();
            if (mapper.TryTransmit(output, out PortMapperChannel channel, Now))
            {
                byte[] datagram = output.WrittenSpan.ToArray();
                if (!IsSilent)
                    _due.Add((Now + UdpLatency, () => OnDatagram(mapper, channel, datagram)));
                continue;
            }
            if (!mapper.TryTakeRequest(out IgdRequest? request))
                return;
            Log.Add(request.SoapAction is null ? "GET" : request.SoapAction.Split('#')[1].Trim('"'));
            _due.Add((Now + HttpLatency, () => mapper.OnReply(IsSilent ? new IgdReply(request.Id, 0, default, "no answer in time") : Http(request), Now)));
        }
    }

    private void OnDatagram(PortMapper mapper, PortMapperChannel channel, byte[] datagram)
    {
        if (channel == PortMapperChannel.Search)
        {
            if (Speaks.HasFlag(PortMappingWays.Igd) && Encoding.ASCII.GetString(datagram).Contains("InternetGatewayDevice:1", StringComparison.Ordinal))
                mapper.ReceiveSearchAnswer(new IPEndPoint(Address, 1900), Answer($"http://{Address}:5000/root.xml"), Now);
            return;
        }
        byte[]? reply = datagram[0] == 0 ? NatPmp(datagram) : Pcp(datagram);
        if (reply is not null)
            mapper.ReceiveFromGateway(new IPEndPoint(Address, 5351), reply, Now);
    }

    public static byte[] Answer(string location) =>
        Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\nLOCATION: {location}\r\nSERVER: x UPnP/1.1 y\r\n\r\n");

    private uint Epoch => (uint)(Now - Booted).TotalSeconds;

    private byte[]? NatPmp(byte[] request)
    {
        if (!Speaks.HasFlag(PortMappingWays.NatPmp))
            return null;
        Log.Add($"NAT-PMP {request[1]}");
        byte[] reply = new byte[request[1] == 0 ? 12 : 16];
        reply[1] = (byte)(request[1] + 128);
        BinaryPrimitives.WriteUInt32BigEndian(reply.AsSpan(4), Epoch);
        if (request[1] == 0)
        {
            External.TryWriteBytes(reply.AsSpan(8), out _);
            return reply;
        }
        MappedProtocol protocol = request[1] == 1 ? MappedProtocol.Udp : MappedProtocol.Tcp;
        int inside = BinaryPrimitives.ReadUInt16BigEndian(request.AsSpan(4)), wanted = BinaryPrimitives.ReadUInt16BigEndian(request.AsSpan(6));
        uint lease = Math.Min(BinaryPrimitives.ReadUInt32BigEndian(request.AsSpan(8)), MaxLease);
        BinaryPrimitives.WriteUInt16BigEndian(reply.AsSpan(8), (ushort)inside);
        if (Refuses.Contains(protocol))
        {
            reply[3] = 2;
            return reply;
        }
        BinaryPrimitives.WriteUInt16BigEndian(reply.AsSpan(10), (ushort)Assign(protocol, inside, wanted, lease, null));
        BinaryPrimitives.WriteUInt32BigEndian(reply.AsSpan(12), lease);
        return reply;
    }

    private byte[]? Pcp(byte[] request)
    {
        if (!Speaks.HasFlag(PortMappingWays.Pcp))
            return Speaks.HasFlag(PortMappingWays.NatPmp) ? [0, (byte)(request[1] + 128), 0, 1, 0, 0, 0, 1] : null;
        Log.Add($"PCP {request[1]}");
        byte[] reply = [.. request];
        reply.AsSpan(2, 22).Clear();
        reply[1] += 128;
        BinaryPrimitives.WriteUInt32BigEndian(reply.AsSpan(8), Epoch);
        if (request[1] == 0)
            return reply;
        MappedProtocol protocol = (MappedProtocol)request[36];
        int inside = BinaryPrimitives.ReadUInt16BigEndian(request.AsSpan(40)), wanted = BinaryPrimitives.ReadUInt16BigEndian(request.AsSpan(42));
        uint lease = Math.Min(BinaryPrimitives.ReadUInt32BigEndian(request.AsSpan(4)), MaxLease);
        byte[] nonce = request[24..36];
        bool isForeign = Table.Any(e => e.Key.Protocol == protocol && e.Value.Client.Equals(Inside) && e.Value.InternalPort == inside && e.Value.Nonce?.AsSpan().SequenceEqual(nonce) == false);
        if (Refuses.Contains(protocol) || isForeign)
        {
            reply[3] = 2;
            BinaryPrimitives.WriteUInt32BigEndian(reply.AsSpan(4), 1800);
            return reply;
        }
        BinaryPrimitives.WriteUInt32BigEndian(reply.AsSpan(4), lease);
        BinaryPrimitives.WriteUInt16BigEndian(reply.AsSpan(42), (ushort)Assign(protocol, inside, wanted, lease, nonce));
        External.MapToIPv6().TryWriteBytes(reply.AsSpan(44), out _);
        return reply;
    }

    private int Assign(MappedProtocol protocol, int inside, int wanted, uint lease, byte[]? nonce)
    {
        int? mine = Table.Where(e => e.Key.Protocol == protocol && e.Value.Client.Equals(Inside) && e.Value.InternalPort == inside).Select(e => (int?)e.Key.Port).FirstOrDefault();
        if (lease == 0)
        {
            Table.Remove((protocol, mine ?? 0));
            return 0;
        }
        int port = mine ?? wanted;
        while (Table.TryGetValue((protocol, port), out Entry? taken) && !taken.Client.Equals(Inside))
            port++;
        Table[(protocol, port)] = new Entry(Inside, inside, Now + TimeSpan.FromSeconds(lease), nonce);
        return port;
    }

    private IgdReply Http(IgdRequest request)
    {
        if (request.SoapAction is null)
            return new IgdReply(request.Id, 200, Encoding.UTF8.GetBytes(Description.Replace("VERSION", IsVersion2 ? "2" : "1", StringComparison.Ordinal)), null);
        string body = Encoding.UTF8.GetString(request.Body.Span), action = request.SoapAction.Split('#')[1].Trim('"');
        string Value(string name) => Regex.Match(body, $"<{name}>(.*?)</{name}>").Groups[1].Value;
        if (action == "GetExternalIPAddress")
            return Soap(request, action, ("NewExternalIPAddress", External.ToString()));
        MappedProtocol protocol = Value("NewProtocol") == "TCP" ? MappedProtocol.Tcp : MappedProtocol.Udp;
        int port = int.Parse(Value("NewExternalPort"), CultureInfo.InvariantCulture);
        bool isKnown = Table.TryGetValue((protocol, port), out Entry? entry);
        switch (action)
        {
            case "GetSpecificPortMappingEntry":
                return isKnown
                    ? Soap(request, action, ("NewInternalPort", $"{entry!.InternalPort}"), ("NewInternalClient", entry.Client.ToString()), ("NewEnabled", "1"))
                    : Fault(request, 714, "NoSuchEntryInArray");
            case "DeletePortMapping":
                return Table.Remove((protocol, port)) ? Soap(request, action) : Fault(request, 714, "NoSuchEntryInArray");
            case "AddAnyPortMapping" or "AddPortMapping":
                uint lease = uint.Parse(Value("NewLeaseDuration"), CultureInfo.InvariantCulture);
                if (Refuses.Contains(protocol))
                    return Fault(request, 606, "Action not authorized");
                if (OnlyPermanent && lease != 0)
                    return Fault(request, 725, "OnlyPermanentLeasesSupported");
                if (isKnown && !entry!.Client.Equals(Inside) && action == "AddPortMapping")
                    return Fault(request, 718, "ConflictInMappingEntry");
                while (Table.TryGetValue((protocol, port), out Entry? taken) && !taken.Client.Equals(Inside))
                    port += 1000;
                Table[(protocol, port)] = new Entry(
                    IPAddress.Parse(Value("NewInternalClient")), int.Parse(Value("NewInternalPort"), CultureInfo.InvariantCulture), lease == 0 ? null : Now + TimeSpan.FromSeconds(lease), null);
                return Soap(request, action, ("NewReservedPort", $"{port}"));
            default:
                return Fault(request, 401, "Invalid Action");
        }
    }

    private void Expire()
    {
        foreach ((MappedProtocol Protocol, int Port) key in Table.Where(e => e.Value.Ends <= Now).Select(e => e.Key).ToArray())
            Table.Remove(key);
    }

    private static IgdReply Soap(IgdRequest request, string action, params (string Name, string Value)[] values) => new(request.Id, 200, Encoding.UTF8.GetBytes(
        $"<?xml version=\"1.0\"?><s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><u:{action}Response xmlns:u=\"x\">"
        + string.Concat(values.Select(v => $"<{v.Name}>{v.Value}</{v.Name}>")) + $"</u:{action}Response></s:Body></s:Envelope>"), null);

    private static IgdReply Fault(IgdRequest request, int code, string text) => new(request.Id, 500, Encoding.UTF8.GetBytes(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><s:Fault><faultcode>s:Client</faultcode><faultstring>UPnPError</faultstring><detail><UPnPError xmlns=\"urn:schemas-upnp-org:control-1-0\">"
        + $"<errorCode>{code}</errorCode><errorDescription>{text}</errorDescription></UPnPError></detail></s:Fault></s:Body></s:Envelope>"), null);
}
