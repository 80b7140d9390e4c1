using System.Net;
using System.Text;
using Compeer.Protocols.PortMapping;

namespace Compeer.Tests.PortMapping;

public sealed class IgdCodecTests
{
    private static readonly Uri Place = new("http://192.168.1.1:5000/root.xml");

    [Fact]
    public void A_search_names_what_it_must()
    {
        string search = Encoding.ASCII.GetString(SsdpCodec.WriteSearch("upnp:rootdevice", 2));
        Assert.Equal("M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 2\r\nST: upnp:rootdevice\r\n\r\n", search);
        Assert.Equal(5, SsdpCodec.RouterTargets.Distinct().Count());
    }

    [Fact]
    public void Answers_are_read_at_every_cut_without_a_throw()
    {
        byte[] whole = ScriptedRouter.Answer("http://192.168.1.1:5000/root.xml");
        Assert.True(SsdpCodec.TryReadAnswer(whole, out SsdpAnswer? answer));
        Assert.Equal("http://192.168.1.1:5000/root.xml", answer.Location);
        for (int length = 0; length < whole.Length; length++)
            SsdpCodec.TryReadAnswer(whole.AsSpan(0, length), out _);
        Assert.False(SsdpCodec.TryReadAnswer(new byte[4000], out _));
        Assert.False(SsdpCodec.TryReadAnswer("NOTIFY * HTTP/1.1\r\nLOCATION: http://192.168.1.1/\r\n\r\n"u8, out _));
        Assert.False(SsdpCodec.TryReadAnswer("HTTP/1.1 404 no\r\nLOCATION: http://192.168.1.1/\r\n\r\n"u8, out _));
        Assert.False(SsdpCodec.TryReadAnswer(ScriptedRouter.Answer("http://192.168.1.1/" + new string('a', 600)), out _));
        Assert.False(SsdpCodec.TryReadAnswer(ScriptedRouter.Answer("http://192.168.1.1/\u0001"), out _));
        Assert.True(SsdpCodec.TryReadAnswer("http/1.0 200 OK\nlocation:http://192.168.1.1/x\n\n"u8, out answer));
        Assert.Equal("http://192.168.1.1/x", answer.Location);
    }

    [Theory]
    [InlineData("http://192.168.1.1:5000/root.xml", "192.168.1.1", true)]
    [InlineData("http://192.168.1.1/root.xml", "192.168.1.1", true)]
    [InlineData("http://192.168.1.30/root.xml", "192.168.1.1", false)]
    [InlineData("http://192.168.2.1/root.xml", "192.168.2.1", false)]
    [InlineData("http://127.0.0.1/root.xml", "192.168.1.1", false)]
    [InlineData("http://127.0.0.1/root.xml", "127.0.0.1", false)]
    [InlineData("http://localhost/root.xml", "192.168.1.1", false)]
    [InlineData("http://192.168.1.20/root.xml", "192.168.1.20", false)]
    [InlineData("http://router.lan/root.xml", "192.168.1.1", false)]
    [InlineData("https://192.168.1.1/root.xml", "192.168.1.1", false)]
    [InlineData("file:///etc/passwd", "192.168.1.1", false)]
    [InlineData("ftp://192.168.1.1/x", "192.168.1.1", false)]
    [InlineData("http://user:pw@192.168.1.1/x", "192.168.1.1", false)]
    [InlineData("http://192.168.1.1@8.8.8.8/x", "192.168.1.1", false)]
    [InlineData("http://8.8.8.8/root.xml", "8.8.8.8", false)]
    [InlineData("http://[::1]/root.xml", "192.168.1.1", false)]
    [InlineData("http://[::ffff:127.0.0.1]/x", "192.168.1.1", false)]
    [InlineData("http://169.254.169.254/latest", "192.168.1.1", false)]
    [InlineData("/root.xml", "192.168.1.1", false)]
    [InlineData("", "192.168.1.1", false)]
    public void A_description_is_fetched_only_from_the_neighbour_that_answered(string location, string from, bool accepted)
    {
        bool result = DeviceUrl.TryAcceptLocation(location, IPAddress.Parse(from), ScriptedRouter.Link, out Uri? url, out string? refusal);
        Assert.Equal((accepted, accepted, !accepted), (result, url is not null, refusal is not null));
    }

    [Fact]
    public void Numbers_that_only_look_like_another_address_are_read_as_that_address()
    {
        // 0x7f000001 and 2130706433 are 127.0.0.1 to a URL parser.
        foreach (string host in (string[])["0x7f000001", "2130706433", "017700000001", "127.1"])
            Assert.False(DeviceUrl.TryAcceptLocation($"http://{host}/", IPAddress.Parse("192.168.1.1"), ScriptedRouter.Link, out _, out _));
    }

    [Theory]
    [InlineData("/ctl", "http://192.168.1.1:5000/ctl")]
    [InlineData("ctl", "http://192.168.1.1:5000/ctl")]
    [InlineData("http://192.168.1.1:80/ctl", "http://192.168.1.1/ctl")]
    [InlineData("http://192.168.1.30/ctl", null)]
    [InlineData("http://127.0.0.1:631/", null)]
    [InlineData("//127.0.0.1/ctl", null)]
    [InlineData("https://192.168.1.1/ctl", null)]
    [InlineData("file:///etc/passwd", null)]
    [InlineData("", null)]
    public void A_control_address_stays_on_the_device(string control, string? accepted)
    {
        string xml = $"<root><device><service><serviceType>{DeviceDescriptionCodec.WanIp1}</serviceType><controlURL>{control}</controlURL></service></device></root>";
        bool result = DeviceDescriptionCodec.TryRead(Encoding.UTF8.GetBytes(xml), Place, out IReadOnlyList<IgdService>? services);
        Assert.Equal(accepted is not null, result);
        Assert.Equal(accepted, services?.Single().ControlUrl.ToString());
    }

    [Fact]
    public void A_base_on_another_machine_is_not_used()
    {
        string Xml(string place) => $"<root><URLBase>{place}</URLBase><service><serviceType>{DeviceDescriptionCodec.WanPpp1}</serviceType><controlURL>/ctl</controlURL></service></root>";
        Assert.True(DeviceDescriptionCodec.TryRead(Encoding.UTF8.GetBytes(Xml("http://10.0.0.1/")), Place, out IReadOnlyList<IgdService>? services));
        Assert.Equal("http://192.168.1.1:5000/ctl", services.Single().ControlUrl.ToString());
        Assert.True(DeviceDescriptionCodec.TryRead(Encoding.UTF8.GetBytes(Xml("http://192.168.1.1:49152/")), Place, out services));
        Assert.Equal("http://192.168.1.1:49152/ctl", services.Single().ControlUrl.ToString());
    }

    [Fact]
    public void A_description_is_read_at_every_cut_without_a_throw()
    {
        byte[] xml = Encoding.UTF8.GetBytes(new ScriptedRouter().Description.Replace("VERSION", "1", StringComparison.Ordinal).Trim());
        Assert.True(DeviceDescriptionCodec.TryRead(xml, Place, out _));
        for (int length = 0; length < xml.Length; length++)
            Assert.False(DeviceDescriptionCodec.TryRead(xml.AsMemory(0, length), Place, out _));
        Assert.True(DeviceDescriptionCodec.TryRead((byte[])[.. xml, 0, 0, (byte)'<'], Place, out _));
    }

    public static TheoryData<string> HostileDocuments => new()
    {
        "<?xml version=\"1.0\"?><!DOCTYPE r [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><root>&x;</root>",
        "<?xml version=\"1.0\"?><!DOCTYPE r SYSTEM \"http://192.168.1.30/x.dtd\"><root/>",
        "<?xml version=\"1.0\"?><!DOCTYPE l [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;\">]><root>&c;&c;&c;</root>",
        "<?xml version=\"1.0\" encoding=\"no-such-encoding\"?><root/>",
        "<?xml version=\"1.0\" encoding=\"utf-16\"?><root/>",
        "<?xml version=\"1.0\" encoding=\"utf-7\"?><root/>",
        "<root>&undefined;</root>",
        string.Concat(Enumerable.Repeat("<a>", 40_000)),
        string.Concat(Enumerable.Repeat("<a>", 60)) + string.Concat(Enumerable.Repeat("</a>", 60)),
        "<root>" + string.Concat(Enumerable.Repeat("<a/>", 10_000)) + "</root>",
        "<root>" + new string('x', 5000) + "</root>",
        "<root " + string.Concat(Enumerable.Range(0, 20_000).Select(i => $"a{i}='1' ")) + "/>",
        "<root><![CDATA[" + new string('x', 200_000) + "]]></root>",
        "<root><service><serviceType>urn:schemas-upnp-org:service:Layer3Forwarding:1</serviceType><controlURL>/x</controlURL></service></root>",
    };

    [Theory]
    [MemberData(nameof(HostileDocuments))]
    public void Hostile_documents_are_refused(string xml)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(xml);
        Assert.False(DeviceDescriptionCodec.TryRead(bytes, Place, out _));
        Assert.False(SoapCodec.TryReadReply(bytes, SoapCodec.AddPortMapping, out _));
    }

    [Fact]
    public void Ten_megabytes_are_refused_unread()
    {
        byte[] bytes = new byte[10 << 20];
        "<root>"u8.CopyTo(bytes);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.False(DeviceDescriptionCodec.TryRead(bytes, Place, out _));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 100_000);
    }

    [Fact]
    public void A_thousand_services_give_a_few()
    {
        string one = $"<service><serviceType>{DeviceDescriptionCodec.WanIp2}</serviceType><controlURL>/c</controlURL></service>";
        Assert.True(DeviceDescriptionCodec.TryRead(Encoding.UTF8.GetBytes("<root>" + string.Concat(Enumerable.Repeat(one, 1000)) + "</root>"), Place, out IReadOnlyList<IgdService>? services));
        Assert.Equal(8, services.Count);
        Assert.True(services[0].IsVersion2);
    }

    [Fact]
    public void A_request_is_as_the_specification_draws_it()
    {
        string request = Encoding.UTF8.GetString(SoapCodec.WriteRequest(DeviceDescriptionCodec.WanIp1, SoapCodec.DeletePortMapping, ("NewRemoteHost", ""), ("NewProtocol", "T<&>P")));
        Assert.Contains($"<s:Body><u:DeletePortMapping xmlns:u=\"{DeviceDescriptionCodec.WanIp1}\"><NewRemoteHost></NewRemoteHost><NewProtocol>T&lt;&amp;&gt;P</NewProtocol></u:DeletePortMapping></s:Body>", request, StringComparison.Ordinal);
        Assert.Equal($"\"{DeviceDescriptionCodec.WanIp1}#AddPortMapping\"", SoapCodec.ActionHeader(DeviceDescriptionCodec.WanIp1, SoapCodec.AddPortMapping));
    }

    [Fact]
    public void Replies_and_faults_are_read()
    {
        Assert.True(SoapCodec.TryReadReply(
            "<s:Envelope xmlns:s='x'><s:Body><u:GetExternalIPAddressResponse xmlns:u='y'><NewExternalIPAddress> 5.6.7.8 </NewExternalIPAddress></u:GetExternalIPAddressResponse></s:Body></s:Envelope>"u8.ToArray(),
            SoapCodec.GetExternalIPAddress, out SoapReply? reply));
        Assert.Equal((0, IPAddress.Parse("5.6.7.8")), (reply.ErrorCode, reply.Address("NewExternalIPAddress")));
        Assert.True(SoapCodec.TryReadReply(
            "<E><Body><Fault><faultcode>s:Client</faultcode><detail><UPnPError><errorCode>718</errorCode><errorDescription>Conflict\u202e&#10;x</errorDescription></UPnPError></detail></Fault></Body></E>"u8.ToArray(),
            SoapCodec.AddPortMapping, out reply));
        Assert.Equal((718, "Conflict x"), (reply.ErrorCode, reply.ErrorText));
        Assert.True(SoapCodec.TryReadReply("<E><Fault><errorCode>-9999999999</errorCode></Fault></E>"u8.ToArray(), SoapCodec.AddPortMapping, out reply));
        Assert.Equal(501, reply.ErrorCode);
        Assert.False(SoapCodec.TryReadReply("<html><body>404</body></html>"u8.ToArray(), SoapCodec.AddPortMapping, out _));
        Assert.False(SoapCodec.TryReadReply(default, SoapCodec.AddPortMapping, out _));
    }

    [Theory]
    [InlineData("")]
    [InlineData("0.0.0.0")]
    [InlineData("::1")]
    [InlineData("nonsense")]
    public void An_address_that_is_none_counts_as_none(string text)
    {
        var reply = new SoapReply(0, "", new Dictionary<string, string> { ["NewExternalIPAddress"] = text, ["p"] = "70000" });
        Assert.Null(reply.Address("NewExternalIPAddress"));
        Assert.Equal(0, reply.Port("p"));
    }

    [Fact]
    public void Random_bytes_and_random_changes_never_throw()
    {
        var random = new Random(3);
        byte[] good = Encoding.UTF8.GetBytes(new ScriptedRouter().Description.Trim());
        for (int i = 0; i < 3000; i++)
        {
            byte[] bytes = [.. good];
            for (int n = random.Next(1, 8); n > 0; n--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            DeviceDescriptionCodec.TryRead(bytes, Place, out _);
            random.NextBytes(bytes);
            SoapCodec.TryReadReply(bytes, SoapCodec.AddPortMapping, out _);
        }
    }
}
