using System.Buffers;
using System.Net;
using System.Text;
using Compeer.Protocols;
using Compeer.Protocols.PortMapping;

namespace Compeer.Tests.PortMapping;

/// <summary>Devices that mean harm, or are merely odd.</summary>
public sealed class IgdSessionTests
{
    private static readonly Instant Start = Instant.Zero + TimeSpan.FromHours(1);

    [Fact]
    public void Answers_from_elsewhere_or_that_point_elsewhere_lead_to_no_request_and_are_told()
    {
        IgdSession session = Searching();
        session.ReceiveSearchAnswer(IPAddress.Parse("10.0.0.1"), ScriptedRouter.Answer("http://10.0.0.1/root.xml"), Start);
        session.ReceiveSearchAnswer(IPAddress.Parse("8.8.8.8"), ScriptedRouter.Answer("http://8.8.8.8/root.xml"), Start);
        session.ReceiveSearchAnswer(IPAddress.Loopback, ScriptedRouter.Answer("http://127.0.0.1/root.xml"), Start);
        session.ReceiveSearchAnswer(ScriptedRouter.Inside, ScriptedRouter.Answer($"http://{ScriptedRouter.Inside}/root.xml"), Start);
        session.ReceiveSearchAnswer(ScriptedRouter.Address, ScriptedRouter.Answer("http://192.168.1.30:8080/admin?reboot=1"), Start);
        Assert.False(session.TryTakeRequest(out _));

        Assert.Equal(new MappingWayFailed("no router answered the search; 192.168.1.1 named a description that is on another machine"), EndOf(session));
    }

    [Fact]
    public void Nothing_is_believed_that_was_not_searched_for()
    {
        var session = new IgdSession(new(), ScriptedRouter.Link, new Random(1));
        session.ReceiveSearchAnswer(ScriptedRouter.Address, ScriptedRouter.Answer("http://192.168.1.1/root.xml"), Start);
        session.OnReply(new IgdReply(1, 200, default, null), Start);
        Assert.False(session.TryTakeRequest(out _));
        Assert.Null(session.NextDeadline);
    }

    [Fact]
    public void A_flood_of_answers_leads_to_eight_requests_at_most()
    {
        IgdSession session = Searching();
        for (int i = 0; i < 10_000; i++)
            session.ReceiveSearchAnswer(ScriptedRouter.Address, ScriptedRouter.Answer($"http://192.168.1.1/{i}"), Start);
        int requests = 0;
        while (session.TryTakeRequest(out IgdRequest? request))
        {
            requests++;
            session.OnReply(new IgdReply(request.Id, 200, "<root/>"u8.ToArray(), null), Start);
        }
        Assert.Equal(8, requests);
        Assert.Equal(new MappingWayFailed("a device answered whose description has no service that maps ports"), EndOf(session));
    }

    [Fact]
    public void The_default_gateway_is_asked_before_other_devices()
    {
        IgdSession session = Searching();
        session.ReceiveSearchAnswer(ScriptedRouter.Other, ScriptedRouter.Answer("http://192.168.1.30/a"), Start);
        session.ReceiveSearchAnswer(IPAddress.Parse("192.168.1.31"), ScriptedRouter.Answer("http://192.168.1.31/b"), Start);
        session.ReceiveSearchAnswer(ScriptedRouter.Address, ScriptedRouter.Answer("http://192.168.1.1/c"), Start);
        var hosts = new List<string>();
        while (session.TryTakeRequest(out IgdRequest? request))
        {
            hosts.Add(request.Url.Host);
            session.OnReply(new IgdReply(request.Id, 0, default, "no answer in time"), Start);
        }
        Assert.Equal(["192.168.1.30", "192.168.1.1", "192.168.1.31"], hosts);
    }

    [Theory]
    [InlineData(302, "", "a router answered the request for its description with HTTP status 302")]
    [InlineData(200, "<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]><x>&y;</x>", "a device answered whose description has no service that maps ports")]
    [InlineData(404, "x", "a router answered the request for its description with HTTP status 404")]
    public void Odd_descriptions_end_in_words(int status, string body, string message)
    {
        IgdSession session = Searching();
        session.ReceiveSearchAnswer(ScriptedRouter.Address, ScriptedRouter.Answer("http://192.168.1.1/c"), Start);
        Assert.True(session.TryTakeRequest(out IgdRequest? request));
        session.OnReply(new IgdReply(request.Id, status, Encoding.UTF8.GetBytes(body), null), Start);
        Assert.Equal(new MappingWayFailed(message), EndOf(session));
    }

    [Fact]
    public void A_request_that_the_driver_forgets_ends_all_the_same()
    {
        IgdSession session = Searching();
        session.ReceiveSearchAnswer(ScriptedRouter.Address, ScriptedRouter.Answer("http://192.168.1.1/c"), Start);
        Assert.True(session.TryTakeRequest(out IgdRequest? request));
        Assert.Equal(
            new MappingWayFailed("a router answered the search but not the request for its description: the router does not answer in time"), EndOf(session));
        session.OnReply(new IgdReply(request.Id, 200, "<root/>"u8.ToArray(), null), Start);
        Assert.False(session.TryTakeRequest(out _));
    }

    [Fact]
    public void A_router_without_a_line_says_so()
    {
        var router = new ScriptedRouter { Speaks = PortMappingWays.Igd, External = IPAddress.Any };
        PortMapper mapper = ScriptedRouter.Mapper(new() { Ways = PortMappingWays.Igd });
        mapper.Start(router.Now);
        router.RunUntilSettled(mapper);
        Assert.Equal("UPnP: the router has no address outside: it is not connected to the Internet", Assert.IsType<PortMappingFailed>(Assert.Single(router.Events)).Message);
    }

    [Fact]
    public void Of_two_services_the_one_with_an_address_is_taken()
    {
        IgdSession session = Searching();
        session.ReceiveSearchAnswer(ScriptedRouter.Address, ScriptedRouter.Answer("http://192.168.1.1/c"), Start);
        Assert.True(session.TryTakeRequest(out IgdRequest? request));
        string Service(string type, string url) => $"<service><serviceType>{type}</serviceType><controlURL>{url}</controlURL></service>";
        session.OnReply(new IgdReply(request.Id, 200, Encoding.UTF8.GetBytes("<root>" + Service(DeviceDescriptionCodec.WanPpp1, "/ppp") + Service(DeviceDescriptionCodec.WanIp1, "/ip") + "</root>"), null), Start);
        Assert.True(session.TryTakeRequest(out request));
        Assert.Equal("/ppp", request.Url.AbsolutePath);
        session.OnReply(new IgdReply(request.Id, 200, "<GetExternalIPAddressResponse><NewExternalIPAddress>0.0.0.0</NewExternalIPAddress></GetExternalIPAddressResponse>"u8.ToArray(), null), Start);
        Assert.True(session.TryTakeRequest(out request));
        Assert.Equal("/ip", request.Url.AbsolutePath);
        session.OnReply(new IgdReply(request.Id, 200, "<GetExternalIPAddressResponse><NewExternalIPAddress>5.6.7.8</NewExternalIPAddress></GetExternalIPAddressResponse>"u8.ToArray(), null), Start);
        Assert.True(session.TryTakeEvent(out MappingSessionEvent? happened));
        Assert.Equal(new MappingWayAnswered(IPAddress.Parse("5.6.7.8")), happened);
    }

    [Fact]
    public void Every_port_taken_ends_in_words()
    {
        var router = new ScriptedRouter { Speaks = PortMappingWays.Igd };
        for (int port = 1; port < 65536; port++)
            router.Table[(MappedProtocol.Tcp, port)] = new(ScriptedRouter.Other, port, null, null);
        PortMapper mapper = ScriptedRouter.Mapper(new() { Ways = PortMappingWays.Igd });
        mapper.Start(router.Now);
        router.RunUntilSettled(mapper);
        Assert.Equal(
            "UPnP: TCP was not mapped: another machine has this port at the router (error 718, \"192.168.1.30 has it\")",
            Assert.IsType<PortMappingFailed>(Assert.Single(router.Events)).Message);
        Assert.Equal(5, router.Log.Count(l => l == "GetSpecificPortMappingEntry"));
    }

    private static IgdSession Searching()
    {
        var session = new IgdSession(new(), ScriptedRouter.Link, new Random(1));
        session.Probe(Start);
        while (session.TryTransmitSearch(new ArrayBufferWriter<byte>(), Start))
        {
        }
        return session;
    }

    private static MappingSessionEvent EndOf(IgdSession session)
    {
        Instant now = Start;
        for (int i = 0; i < 100 && session.NextDeadline is { } due; i++)
        {
            now = due > now ? due : now;
            session.TryTransmitSearch(new ArrayBufferWriter<byte>(), now);
            session.OnDeadline(now);
        }
        Assert.True(session.TryTakeEvent(out MappingSessionEvent? happened));
        Assert.Null(session.NextDeadline);
        return happened;
    }
}
