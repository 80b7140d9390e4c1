using Compeer.Formats.Multiformats;
using Compeer.Protocols.Kademlia;

namespace Compeer.Protocols.KadDht;

/// <summary>
/// One thing that a node of the DHT wants to find again after a restart. Times are times of day, because a restart ends every other clock. Immutable.
/// </summary>
public abstract record KadKept
{
    private KadKept()
    {
    }

    /// <summary>What it is about: of two with the same name the later one counts. At most 256 bytes.</summary>
    public abstract byte[] Name { get; }

    /// <summary>A value that is kept for others.</summary>
    /// <param name="From">Who gave it to us.</param>
    /// <param name="Key">Like "/ipns/" and the bytes of a name.</param>
    /// <param name="Content">The value.</param>
    /// <param name="Until">When it is to be forgotten.</param>
    public sealed record Value(PeerId From, ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> Content, DateTimeOffset Until) : KadKept
    {
        public override byte[] Name => NameOf(Key256.HashOf(Key.Span));

        internal static byte[] NameOf(in Key256 place) => Named(KadKeptKind.Value, place);
    }

    /// <summary>A peer that said that it has something.</summary>
    /// <param name="Place">The SHA-256 of the multihash.</param>
    /// <param name="Peer">The provider.</param>
    /// <param name="Network">Of its address, as <see cref="KadContact.NetworkOf"/> says.</param>
    /// <param name="Addresses">Where it said that it is.</param>
    /// <param name="Since">When it said so.</param>
    public sealed record Provider(Key256 Place, PeerId Peer, ulong Network, IReadOnlyList<Multiaddr> Addresses, DateTimeOffset Since) : KadKept
    {
        public override byte[] Name => NameOf(Place, Peer);

        internal static byte[] NameOf(in Key256 place, PeerId peer) => [.. Named(KadKeptKind.Provider, place), .. peer.Bytes];
    }

    /// <summary>A value that we publish ourselves, now and again.</summary>
    /// <param name="Key">Like "/ipns/" and the bytes of a name.</param>
    /// <param name="Content">The value.</param>
    /// <param name="Due">When it is to be said again.</param>
    public sealed record Published(ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> Content, DateTimeOffset Due) : KadKept
    {
        public override byte[] Name => NameOf(Key256.HashOf(Key.Span));

        internal static byte[] NameOf(in Key256 place) => Named(KadKeptKind.Published, place);
    }

    /// <summary>Something that we provide ourselves, and say so now and again.</summary>
    /// <param name="Content">What.</param>
    /// <param name="Due">When it is to be said again.</param>
    public sealed record Provided(Multihash Content, DateTimeOffset Due) : KadKept
    {
        public override byte[] Name => NameOf(Content);

        internal static byte[] NameOf(Multihash content) => [(byte)KadKeptKind.Provided, .. content.Bytes];
    }

    private static byte[] Named(KadKeptKind kind, in Key256 place)
    {
        byte[] name = new byte[1 + Key256.LengthBytes];
        name[0] = (byte)kind;
        place.Write(name.AsSpan(1));
        return name;
    }
}

/// <summary>Which kind of thing is kept. The numbers stand in files.</summary>
public enum KadKeptKind
{
    /// <summary>What was kept is kept no more.</summary>
    Dropped = 0,

    /// <summary><see cref="KadKept.Value"/>.</summary>
    Value = 1,

    /// <summary><see cref="KadKept.Provider"/>.</summary>
    Provider = 2,

    /// <summary><see cref="KadKept.Published"/>.</summary>
    Published = 3,

    /// <summary><see cref="KadKept.Provided"/>.</summary>
    Provided = 4,
}
