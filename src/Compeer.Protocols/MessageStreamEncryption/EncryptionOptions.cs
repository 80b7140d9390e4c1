using System.Net;
using Compeer.Protocols.Trackers;

namespace Compeer.Protocols.MessageStreamEncryption;

/// <summary>
/// Bounds and choices of one handshake. Worst-case memory: two RC4 states of 1 KiB, 532 bytes of search window, 1.2 KiB
/// of output and the initial payload, so 20 KiB at the defaults.
/// </summary>
public sealed record EncryptionOptions
{
    /// <summary>The longest padding that the protocol allows, in bytes.</summary>
    public const int LongestPaddingBytes = 512;

    /// <summary>The methods we offer or accept.</summary>
    public CryptoMethods Methods { get; init; } = CryptoMethods.Plaintext | CryptoMethods.Rc4;

    /// <summary>The one that a responder chooses when it is offered several.</summary>
    public CryptoMethods Preferred { get; init; } = CryptoMethods.Rc4;

    /// <summary>Shortest padding we send.</summary>
    public int MinPaddingBytes { get; init; }

    /// <summary>Longest padding an initiator sends after its key and after its offer.</summary>
    public int MaxPaddingBytes { get; init; } = LongestPaddingBytes;

    /// <summary>
    /// Longest padding a responder sends after its key: with it the answer to 96 bytes is less than three times as long,
    /// so that nobody gains by sending keys in another's name over a transport without proof of address.
    /// </summary>
    public int MaxAnswerPaddingBytes { get; init; } = 190;

    /// <summary>Longest initial payload that a responder takes; a peer's handshake is 68 bytes, and some add what follows it.</summary>
    public int MaxInitialPayloadBytes { get; init; } = 16 * 1024;

    /// <summary>
    /// What to offer a peer at an address. RC4 towards the internet; within the local network nobody watches the line and
    /// RC4 would halve the rate of a fast one, so the peer may choose.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The policy forbids encryption.</exception>
    public static EncryptionOptions ForDialling(EncryptionPolicy policy, IPAddress remote) =>
        Check(policy) == EncryptionPolicy.Require || IsFar(remote) ? new() { Methods = CryptoMethods.Rc4 } : new();

    /// <summary>What to accept from a peer at an address, and what to choose of it, by the same rule.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The policy forbids encryption.</exception>
    public static EncryptionOptions ForAnswering(EncryptionPolicy policy, IPAddress remote) =>
        Check(policy) == EncryptionPolicy.Require ? new() { Methods = CryptoMethods.Rc4 }
        : new() { Preferred = IsFar(remote) ? CryptoMethods.Rc4 : CryptoMethods.Plaintext };

    private static bool IsFar(IPAddress remote) => AddressReaches.Of(remote) == AddressReach.Global;

    private static EncryptionPolicy Check(EncryptionPolicy policy) => policy is EncryptionPolicy.Prefer or EncryptionPolicy.Require
        ? policy
        : throw new ArgumentOutOfRangeException(nameof(policy), policy, "There is no encrypted handshake where it is forbidden.");
}
