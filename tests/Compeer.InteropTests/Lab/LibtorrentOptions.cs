namespace Compeer.InteropTests.Lab;

/// <summary>What lab/peers/libtorrent_peer.py is asked to do besides its job.</summary>
public sealed record LibtorrentOptions
{
    public int Port { get; init; } = 6881;

    public IReadOnlyList<string> Connect { get; init; } = [];

    /// <summary>Bytes per second; 0 is no limit.</summary>
    public int LimitUp { get; init; }

    public int LimitDown { get; init; }

    /// <summary>uTP without TCP; otherwise TCP without uTP.</summary>
    public bool UtpOnly { get; init; }

    /// <summary>It waits to be dialled.</summary>
    public bool DialsNobody { get; init; }

    public bool KeepSeeding { get; init; }

    /// <summary>A node of the DHT to join it by; without one it is off.</summary>
    public string? DhtEntry { get; init; }

    /// <summary>Exchange peers.</summary>
    public bool PeerExchange { get; init; } = true;

    /// <summary>Look for peers on the local network.</summary>
    public bool LocalDiscovery { get; init; }

    /// <summary>"disabled", "enabled" or "forced".</summary>
    public string Encryption { get; init; } = "disabled";

    /// <summary>What may follow an encrypted handshake: "plaintext", "rc4" or "both".</summary>
    public string EncryptionLevel { get; init; } = "both";

    /// <summary>Of both, libtorrent chooses plaintext unless this is set.</summary>
    public bool PreferRc4 { get; init; }
}
