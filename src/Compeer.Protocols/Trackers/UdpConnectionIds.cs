using System.Buffers.Binary;
using System.Net;
using Compeer.Formats.Hashing;

namespace Compeer.Protocols.Trackers;

/// <summary>
/// The tracker's connection ids, kept nowhere: a keyed digest of the client's address and the time.
/// An id is accepted for 2 to 4 minutes from the address it was given to. Spec: BEP 15 (UDP connections / spoofing).
/// </summary>
/// <param name="secret">16 random bytes. A new one makes all ids invalid.</param>
public sealed class UdpConnectionIds(ReadOnlySpan<byte> secret)
{
    private const long EpochTicks = 2 * TimeSpan.TicksPerMinute;

    private readonly SipHash _digest = new(secret);

    /// <summary>The id for <paramref name="client"/> now; the port does not count, since some NATs change it.</summary>
    public ulong Create(IPAddress client, Instant now) => Compute(client, now.Ticks / EpochTicks);

    /// <summary>Whether <paramref name="id"/> was given to <paramref name="client"/> in this epoch or the one before.</summary>
    public bool IsValid(ulong id, IPAddress client, Instant now)
    {
        long epoch = now.Ticks / EpochTicks;
        // Both are computed always and compared without an early end, so timing tells nothing.
        ulong current = Compute(client, epoch) ^ id;
        ulong previous = Compute(client, epoch - 1) ^ id;
        return current == 0 | previous == 0;
    }

    private ulong Compute(IPAddress client, long epoch)
    {
        Span<byte> input = stackalloc byte[24];
        BinaryPrimitives.WriteInt64BigEndian(input, epoch);
        client.TryWriteBytes(input[8..], out int length);
        return _digest.Of(input[..(8 + length)]);
    }
}
