namespace Compeer.Network.Transports;

/// <summary>What connections to peers may be carried by.</summary>
[Flags]
public enum PeerTransports
{
    None = 0,

    Tcp = 1,

    Utp = 2,

    Both = Tcp | Utp,
}
