namespace Compeer.InteropTests.Lab;

/// <summary>How the programs of a <see cref="NatPair"/> are started.</summary>
public sealed record NatPairOptions
{
    /// <summary>Which relay there is.</summary>
    public RelayKind Relay { get; init; }

    /// <summary>The sharer uses the relay.</summary>
    public bool SharerRelays { get; init; } = true;

    /// <summary>The getter uses the relay.</summary>
    public bool GetterRelays { get; init; } = true;

    /// <summary>Rate as the command line takes it that the getter is limited to; null is no limit.</summary>
    public string? GetterLimit { get; init; }

    /// <summary>--encryption of the sharer, the getter and the public peer; null is the default.</summary>
    public string? Encryption { get; init; }

    /// <summary>The sharer and the getter connect by uTP only.</summary>
    public bool UtpOnly { get; init; }

    /// <summary>The sharer and the getter connect by TCP only, as programs of ours.</summary>
    public bool TcpOnly { get; init; }

    /// <summary>The sharer is libtorrent.</summary>
    public bool LibtorrentShares { get; init; }

    /// <summary>The getter is libtorrent.</summary>
    public bool LibtorrentGets { get; init; }

    /// <summary>The public peer that introduces the others is libtorrent.</summary>
    public bool LibtorrentIntroduces { get; init; }
}
