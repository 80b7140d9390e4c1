namespace Compeer.Formats.Bencoding;

/// <summary>What a decoder accepts before it gives up. Memory for a document: its bytes plus 20 per token.</summary>
public sealed record BencodeLimits
{
    /// <summary>For .torrent files and info dictionaries.</summary>
    public static BencodeLimits Default { get; } = new();

    /// <summary>For messages of one peer.</summary>
    public static BencodeLimits Peer { get; } = new() { MaxDepth = 16, MaxTokens = 20_000, MaxBytes = 1 << 20 };

    /// <summary>For replies of trackers.</summary>
    public static BencodeLimits Tracker { get; } = new() { MaxDepth = 16, MaxTokens = 100_000, MaxBytes = 1 << 20 };

    /// <summary>Nesting of lists and dictionaries.</summary>
    public int MaxDepth { get; init; } = 100;

    /// <summary>Values in all, keys included.</summary>
    public int MaxTokens { get; init; } = 3_000_000;

    /// <summary>Bytes in all.</summary>
    public int MaxBytes { get; init; } = 32 << 20;
}
