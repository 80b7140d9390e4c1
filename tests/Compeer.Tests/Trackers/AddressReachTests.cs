using System.Net;
using Compeer.Protocols.Trackers;

namespace Compeer.Tests.Trackers;

/// <summary>Which addresses are whose, and which tracker addresses can be used.</summary>
public class AddressReachTests
{
    [Theory]
    [InlineData("0.0.0.0", AddressReach.Nowhere)]
    [InlineData("0.1.2.3", AddressReach.Nowhere)]
    [InlineData("127.0.0.1", AddressReach.Loopback)]
    [InlineData("127.255.255.254", AddressReach.Loopback)]
    [InlineData("10.0.0.1", AddressReach.Private)]
    [InlineData("172.15.0.1", AddressReach.Global)]
    [InlineData("172.16.0.1", AddressReach.Private)]
    [InlineData("172.31.255.255", AddressReach.Private)]
    [InlineData("172.32.0.1", AddressReach.Global)]
    [InlineData("192.168.3.4", AddressReach.Private)]
    [InlineData("169.254.169.254", AddressReach.Private)]
    [InlineData("100.64.0.1", AddressReach.Private)]
    [InlineData("100.128.0.1", AddressReach.Global)]
    [InlineData("198.18.0.1", AddressReach.Private)]
    [InlineData("8.8.8.8", AddressReach.Global)]
    [InlineData("224.0.0.1", AddressReach.Nowhere)]
    [InlineData("255.255.255.255", AddressReach.Nowhere)]
    [InlineData("::", AddressReach.Nowhere)]
    [InlineData("::1", AddressReach.Loopback)]
    [InlineData("::ffff:127.0.0.1", AddressReach.Loopback)]
    [InlineData("::ffff:8.8.8.8", AddressReach.Global)]
    [InlineData("64:ff9b::7f00:1", AddressReach.Loopback)]
    [InlineData("2002:7f00:1::", AddressReach.Loopback)]
    [InlineData("fe80::1", AddressReach.Private)]
    [InlineData("fec0::1", AddressReach.Private)]
    [InlineData("fd00::1", AddressReach.Private)]
    [InlineData("ff02::1", AddressReach.Nowhere)]
    [InlineData("2a00::1", AddressReach.Global)]
    public void Every_address_has_its_reach(string address, AddressReach expected) =>
        Assert.Equal(expected, AddressReaches.Of(IPAddress.Parse(address)));

    [Theory]
    [InlineData("http://tracker.example/announce", true)]
    [InlineData("HTTPS://tracker.example/announce", true)]
    [InlineData("udp://tracker.example:6969", true)]
    [InlineData(" udp://[2001:db8::1]:6969/announce ", true)]
    [InlineData("wss://tracker.example/", false)]
    [InlineData("file:///etc/passwd", false)]
    [InlineData("gopher://127.0.0.1/", false)]
    [InlineData("http://tracker.example:0/announce", false)]
    [InlineData("http:///announce", false)]
    [InlineData("http://tr\u0430cker.example/announce", false)]
    [InlineData("http://xn--trcker-7fg.example/announce", false)]
    [InlineData("announce", false)]
    [InlineData("", false)]
    public void Only_usable_addresses_are_taken(string text, bool usable)
    {
        Assert.Equal(usable, TrackerUrl.TryParse(text, out _, out string problem));
        Assert.Equal(usable, problem.Length == 0);
    }

    [Fact]
    public void Secrets_are_not_shown() =>
        Assert.Equal(
            "http://tracker.example:8080/.../announce",
            TrackerUrl.ForDisplay(new Uri("http://user:secret@tracker.example:8080/0123456789abcdef0123/announce?passkey=secret")));
}
