using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using Compeer.Protocols;
using Compeer.Simulator.Scheduling;

namespace Compeer.Simulator;

/// <summary>
/// A running digest of every delivery of a world: when, from whom, to whom, and every byte. Two runs took the same course when
/// the digests are equal. The first events can be kept as text, to compare two runs that differ.
/// </summary>
/// <param name="textEvents">How many deliveries to keep as lines of text.</param>
public sealed class Trace(int textEvents = 0)
{
    private const ulong Odd = 0x9E3779B97F4A7C15;

    private readonly List<string> _lines = [];
    private ulong _digest = 0x243F6A8885A308D3;

    /// <summary>Deliveries so far.</summary>
    public long Deliveries { get; private set; }

    /// <summary>The digest so far, not meant against forgery.</summary>
    public ulong Digest => _digest;

    /// <summary>The first deliveries as text: time, sender, receiver, length, digest so far.</summary>
    public IReadOnlyList<string> Lines => _lines;

    /// <summary>Adds a mark of the world's own, such as the outcome of a lookup.</summary>
    public void Mark(ulong value) => _digest = Fold(_digest ^ value, Odd);

    public override string ToString() => _digest.ToString("x16", CultureInfo.InvariantCulture);

    internal void Delivered(Instant at, IPEndPoint from, ulong fromKey, IPEndPoint to, ulong toKey, ReadOnlySpan<byte> payload)
    {
        Deliveries++;
        ulong digest = Fold(_digest ^ (ulong)at.Ticks, Odd ^ (ulong)payload.Length);
        digest = Fold(digest ^ fromKey, Odd ^ toKey);
        _digest = Bytes(digest, payload);
        if (_lines.Count < textEvents)
        {
            TimeSpan elapsed = at - VirtualClock.Start;
            _lines.Add(string.Create(CultureInfo.InvariantCulture, $"{elapsed:c} {from} -> {to} {payload.Length} bytes {_digest:x16}"));
        }
    }

    internal void Delivered(Instant at, int from, int to, ulong message)
    {
        Deliveries++;
        _digest = Fold(Fold(_digest ^ (ulong)at.Ticks, Odd ^ message) ^ (uint)from, Odd ^ (uint)to);
        if (_lines.Count < textEvents)
            _lines.Add(string.Create(CultureInfo.InvariantCulture, $"{at - VirtualClock.Start:c} {from} -> {to} {message:x16} {_digest:x16}"));
    }

    private static ulong Bytes(ulong digest, ReadOnlySpan<byte> payload)
    {
        while (payload.Length >= 16)
        {
            digest = Fold(
                BinaryPrimitives.ReadUInt64LittleEndian(payload) ^ digest,
                BinaryPrimitives.ReadUInt64LittleEndian(payload[8..]) ^ Odd);
            payload = payload[16..];
        }
        Span<byte> last = stackalloc byte[16];
        last.Clear();
        payload.CopyTo(last);
        return Fold(BinaryPrimitives.ReadUInt64LittleEndian(last) ^ digest, BinaryPrimitives.ReadUInt64LittleEndian(last[8..]) ^ Odd);
    }

    /// <summary>Multiplies to 128 bits and folds; rotated so that a zero product does not erase what was before.</summary>
    private static ulong Fold(ulong a, ulong b)
    {
        ulong high = Math.BigMul(a, b, out ulong low);
        return (high ^ low) + ulong.RotateLeft(a, 29) + Odd;
    }
}
