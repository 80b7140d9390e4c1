using System.Buffers;
using System.Security.Cryptography;
using Compeer.Formats.Multiformats;
using Compeer.Network.SecureChannels;
using Compeer.Protocols.Identity;
using Compeer.Protocols.Noise;

namespace Compeer.Tests.Noise;

/// <summary>Two handshakes that talk to each other without a network.</summary>
internal static class NoisePeers
{
    public static NoiseHandshake Handshake(
        ISigner identity, bool isInitiator, IReadOnlyList<string>? muxers = null, PeerId? expected = null, byte[]? prologue = null)
    {
        var key = new NoiseStaticKey(OpenSslX25519.Instance, OpenSslAead.Create, identity, RandomNumberGenerator.GetBytes(32));
        return new NoiseHandshake(key, isInitiator, RandomNumberGenerator.GetBytes(32), OpenSslKeys.Instance, muxers ?? [], expected, prologue);
    }

    /// <summary>Carries messages until nobody has more to say, and gives how both sides ended.</summary>
    public static (NoiseEvent? Initiator, NoiseEvent? Responder) Run(
        NoiseHandshake initiator, NoiseHandshake responder, int chunk = int.MaxValue, Func<int, byte[], byte[]>? tamper = null)
    {
        NoiseEvent?[] ends = [null, null];
        NoiseHandshake[] peers = [initiator, responder];
        for (int message = 0; message < 6; message++)
        {
            NoiseHandshake to = peers[(message + 1) % 2];
            if (Transmit(peers[message % 2]) is { } bytes)
                Feed(to, tamper?.Invoke(message, bytes) ?? bytes, chunk);
            for (int i = 0; i < 2; i++)
                ends[i] = peers[i].TryTakeEvent(out NoiseEvent? ended) ? ended : ends[i];
        }
        return (ends[0], ends[1]);
    }

    public static byte[]? Transmit(NoiseHandshake handshake)
    {
        var output = new ArrayBufferWriter<byte>();
        return handshake.TryTransmit(output) ? output.WrittenSpan.ToArray() : null;
    }

    public static void Feed(NoiseHandshake handshake, byte[] bytes, int chunk = int.MaxValue)
    {
        for (int at = 0; at < bytes.Length && !handshake.HasEnded;)
        {
            int consumed = handshake.Receive(bytes.AsSpan(at, Math.Min(chunk, bytes.Length - at)));
            if (consumed == 0)
                return;
            at += consumed;
        }
    }
}
