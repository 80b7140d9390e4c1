namespace Compeer.Formats.Multiformats;

/// <summary>The codes of the multicodec table that we meet. Spec: multiformats/multicodec, table.csv.</summary>
public static class Multicodec
{
    public const ulong Identity = 0x00;
    public const ulong Sha1 = 0x11;
    public const ulong Sha256 = 0x12;
    public const ulong Sha512 = 0x13;
    public const ulong Raw = 0x55;
    public const ulong DagPb = 0x70;
    public const ulong DagCbor = 0x71;
    public const ulong Libp2pKey = 0x72;
    public const ulong Libp2pPeerRecord = 0x0301;
    public const ulong Libp2pRelayReservation = 0x0302;
}
