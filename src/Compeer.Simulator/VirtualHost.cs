using System.Net;
using Compeer.Protocols;
using Compeer.Simulator.Networking;

namespace Compeer.Simulator;

/// <summary>A place on the virtual network where a machine runs. It can stop without a word and start again with another machine.</summary>
public sealed class VirtualHost
{
    internal VirtualHost(VirtualNetwork network, int number, int site, IPEndPoint endPoint, NatBox? nat)
    {
        Network = network;
        Number = number;
        Site = site;
        EndPoint = new HostEndPoint(endPoint, this);
        Nat = nat;
        Key = EndPointKey.Of(endPoint);
    }

    /// <summary>Hosts are numbered from 0 in the order added.</summary>
    public int Number { get; }

    /// <summary>Its own address; behind a NAT, the inner one.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>The box that it is behind.</summary>
    public NatBox? Nat { get; }

    /// <summary>The running machine; null while the host is down.</summary>
    public IVirtualNode? Node { get; internal set; }

    /// <summary>Whether a machine runs.</summary>
    public bool IsUp => Node is not null;

    /// <summary>Datagrams that its machine has sent.</summary>
    public long Sent { get; internal set; }

    /// <summary>Bytes that its machine has sent, without headers.</summary>
    public long SentBytes { get; internal set; }

    /// <summary>Datagrams that reached its machine.</summary>
    public long Received { get; internal set; }

    /// <summary>Bytes that reached its machine, without headers.</summary>
    public long ReceivedBytes { get; internal set; }

    /// <summary>Where it stands in the latency model and in partitions.</summary>
    internal int Site { get; }

    /// <summary>The network that it is on.</summary>
    internal VirtualNetwork Network { get; }

    internal EndPointKey Key { get; }

    /// <summary>The one deadline event that counts; others in the queue are stale.</summary>
    internal Instant ScheduledAt { get; set; } = Instant.Never;

    /// <summary>Deadlines in a row that did not move on.</summary>
    internal int Stalls { get; set; }
}
