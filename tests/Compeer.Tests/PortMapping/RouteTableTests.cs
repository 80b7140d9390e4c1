using System.Net;
using Compeer.Network.PortMapping;

namespace Compeer.Tests.PortMapping;

public sealed class RouteTableTests
{
    private const string V4 = """
        Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
        wlan0	00000000	0101A8C0	0003	0	0	600	00000000	0	0	0
        eth0	00000000	FE01A8C0	0003	0	0	100	00000000	0	0	0
        tun0	00000000	00000000	0001	0	0	50	00000000	0	0	0
        bad0	00000000	0100000A	0203	0	0	1	00000000	0	0	0
        eth0	0001A8C0	00000000	0001	0	0	100	00FFFFFF	0	0	0
        """;

    private const string V6 = """
        20010db8000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0
        00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth0
        00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo
        """;

    [Fact]
    public void Default_routes_with_a_next_hop_come_best_first()
    {
        Assert.Equal(
            [new DefaultRoute("eth0", IPAddress.Parse("192.168.1.254"), 100), new DefaultRoute("wlan0", IPAddress.Parse("192.168.1.1"), 600)],
            RouteTable.ReadV4(V4));
        Assert.Equal([new DefaultRoute("eth0", IPAddress.Parse("fe80::1"), 1024)], RouteTable.ReadV6(V6));
    }

    [Fact]
    public void Cut_and_empty_tables_give_what_is_there()
    {
        for (int length = 0; length < V4.Length; length++)
            Assert.InRange(RouteTable.ReadV4(V4[..length]).Count, 0, 2);
        for (int length = 0; length < V6.Length; length++)
            Assert.InRange(RouteTable.ReadV6(V6[..length]).Count, 0, 1);
    }
}
