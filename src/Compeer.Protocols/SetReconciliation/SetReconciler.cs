using System.Buffers;
using Compeer.Formats.Hashing;

namespace Compeer.Protocols.SetReconciliation;

/// <summary>
/// Finds what two sets differ in by comparing fingerprints of ranges and splitting those that differ: equal sets cost one
/// message, others some hundred bytes for each difference. Who asks learns both sides; who answers keeps no state.
/// Single-threaded; never throws on what the other side sends.
/// </summary>
/// <remarks>
/// Spec: Negentropy protocol v1 (github.com/hoytech/negentropy); Meyer, "Range-based set reconciliation" (2023).
/// <code>
/// [version 0x61] then ranges: [bound][mode: varint] and
///   mode 0 skip; mode 1 fingerprint: 16 bytes; mode 2 ids: [count: varint][32 bytes each]
/// </code>
/// </remarks>
public sealed class SetReconciler
{
    private const byte Version = 0x61;
    private const int Skip = 0, Fingerprint = 1, Ids = 2;
    private const int Buckets = 16;

    /// <summary>Room for what ends a message that grows too long, a range with a fingerprint, and for the start of one more range.</summary>
    private const int Reserve = 200, ReserveToGoOn = 300;

    private readonly SealedItemSet _set;
    private readonly ReconciliationOptions _options;
    private readonly bool _asks;
    private readonly HashSet<Sha256Hash> _needed = [];
    private readonly List<Sha256Hash> _had = [];

    /// <param name="set">Our set; as it is now, later changes wait for the next reconciliation.</param>
    /// <param name="options">Bounds.</param>
    /// <param name="asks">Whether we begin and learn the difference; else we only answer.</param>
    public SetReconciler(SealedItemSet set, ReconciliationOptions options, bool asks)
    {
        ArgumentNullException.ThrowIfNull(set);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxMessageBytes, 4096);
        (_set, _options, _asks) = (set, options, asks);
    }

    /// <summary>Ids that only we have, as far as is known.</summary>
    public IReadOnlyList<Sha256Hash> Had => _had;

    /// <summary>Ids that only the other side has, as far as is known.</summary>
    public IReadOnlyCollection<Sha256Hash> Needed => _needed;

    /// <summary>Writes the first message.</summary>
    /// <exception cref="InvalidOperationException">We only answer.</exception>
    public void Begin(IBufferWriter<byte> output)
    {
        if (!_asks)
            throw new InvalidOperationException("Who answers does not begin.");
        var writer = new Writer(output);
        Split(0, _set.Count, RangeBound.Infinity, ref writer);
    }

    /// <summary>Takes a message of the other side, and writes the answer when there is one.</summary>
    public ReconciliationStep Receive(ReadOnlySpan<byte> message, IBufferWriter<byte> output)
    {
        if (message.Length > _options.MaxReceivedBytes || message.IsEmpty)
            return ReconciliationStep.Malformed;
        if (message[0] != Version)
        {
            if (!_asks)
                output.Write([Version]);
            return ReconciliationStep.UnknownVersion;
        }
        var writer = new Writer(output);
        var range = new Range();
        ulong timestamp = 0;
        message = message[1..];
        while (!message.IsEmpty)
        {
            RangeBound last = range.Bound;
            if (!RangeBound.TryRead(ref message, ref timestamp, out range.Bound) || range.Bound.At < last.At || !Base128.TryRead(ref message, out ulong mode))
                return ReconciliationStep.Malformed;
            range.Until = Math.Max(range.From, _set.LowerBound(range.From, range.Bound));
            bool isTaken = mode switch
            {
                Skip => range.Omit(),
                Fingerprint => TryCompare(ref message, ref range, ref writer),
                Ids => TryTakeIds(ref message, ref range, ref writer),
                _ => false,
            };
            if (!isTaken)
                return ReconciliationStep.Malformed;
            if (_needed.Count > _options.MaxNeeded)
                return ReconciliationStep.TooMuch;
            if (writer.Length + ReserveToGoOn > _options.MaxMessageBytes)
            {
                // The rest in one range, which the other side splits anew.
                WriteFingerprint(range.Until, _set.Count, RangeBound.Infinity, ref writer);
                break;
            }
            range.From = range.Until;
        }
        return _asks && writer.Length <= 1 ? ReconciliationStep.Done : ReconciliationStep.Answer;
    }

    private bool TryCompare(ref ReadOnlySpan<byte> message, ref Range range, ref Writer writer)
    {
        if (message.Length < SealedItemSet.FingerprintBytes)
            return false;
        Span<byte> ours = stackalloc byte[SealedItemSet.FingerprintBytes];
        _set.Fingerprint(range.From, range.Until, ours);
        bool isEqual = message[..SealedItemSet.FingerprintBytes].SequenceEqual(ours);
        message = message[SealedItemSet.FingerprintBytes..];
        if (isEqual)
            return range.Omit();
        range.WriteOmitted(ref writer);
        Split(range.From, range.Until, range.Bound, ref writer);
        return true;
    }

    private bool TryTakeIds(ref ReadOnlySpan<byte> message, ref Range range, ref Writer writer)
    {
        if (!Base128.TryRead(ref message, out ulong count) || count > (ulong)(message.Length / Sha256Hash.LengthBytes))
            return false;
        ReadOnlySpan<byte> ids = message[..((int)count * Sha256Hash.LengthBytes)];
        message = message[ids.Length..];
        if (!_asks)
        {
            range.WriteOmitted(ref writer);
            WriteIds(ref range, ref writer);
            return true;
        }
        var theirs = new HashSet<Sha256Hash>();
        for (; !ids.IsEmpty; ids = ids[Sha256Hash.LengthBytes..])
            theirs.Add(new Sha256Hash(ids[..Sha256Hash.LengthBytes]));
        for (int i = range.From; i < range.Until; i++)
        {
            if (!theirs.Remove(_set[i].Id))
                _had.Add(_set[i].Id);
        }
        _needed.UnionWith(theirs);
        return range.Omit();
    }

    /// <summary>Our ids of a range; when they do not fit, the range ends at the last that does.</summary>
    private void WriteIds(ref Range range, ref Writer writer)
    {
        int room = Math.Max(1, (_options.MaxMessageBytes - writer.Length - Reserve) / Sha256Hash.LengthBytes);
        if (range.Until - range.From > room)
        {
            range.Until = range.From + room;
            range.Bound = RangeBound.Between(_set[range.Until - 1], _set[range.Until]);
        }
        writer.Range(range.Bound, Ids);
        writer.Number((ulong)(range.Until - range.From));
        for (int i = range.From; i < range.Until; i++)
            writer.Bytes(_set[i].Id.AsSpan());
    }

    private void Split(int from, int until, in RangeBound bound, ref Writer writer)
    {
        int count = until - from;
        if (count < Buckets * 2)
        {
            writer.Range(bound, Ids);
            writer.Number((ulong)count);
            for (int i = from; i < until; i++)
                writer.Bytes(_set[i].Id.AsSpan());
            return;
        }
        for (int bucket = 0, start = from; bucket < Buckets; bucket++)
        {
            int end = start + (count / Buckets) + (bucket < count % Buckets ? 1 : 0);
            WriteFingerprint(start, end, end == until ? bound : RangeBound.Between(_set[end - 1], _set[end]), ref writer);
            start = end;
        }
    }

    private void WriteFingerprint(int from, int until, in RangeBound bound, ref Writer writer)
    {
        Span<byte> fingerprint = stackalloc byte[SealedItemSet.FingerprintBytes];
        _set.Fingerprint(from, until, fingerprint);
        writer.Range(bound, Fingerprint);
        writer.Bytes(fingerprint);
    }

    /// <summary>The range that is being read, and whether the last ones needed no answer.</summary>
    private struct Range
    {
        public RangeBound Bound;
        public int From;
        public int Until;
        private bool _isOmitted;
        private RangeBound _omittedUntil;

        public bool Omit()
        {
            _isOmitted = true;
            _omittedUntil = Bound;
            return true;
        }

        public void WriteOmitted(ref Writer writer)
        {
            if (_isOmitted)
                writer.Range(_omittedUntil, Skip);
            _isOmitted = false;
        }
    }

    private struct Writer
    {
        private readonly IBufferWriter<byte> _output;
        private ulong _timestamp;

        public Writer(IBufferWriter<byte> output)
        {
            _output = output;
            Bytes([Version]);
        }

        public int Length { get; private set; }

        public void Range(in RangeBound bound, int mode)
        {
            Length += bound.Write(_output, ref _timestamp);
            Number((ulong)mode);
        }

        public void Number(ulong value)
        {
            int length = Base128.Write(value, _output.GetSpan(Base128.MaxBytes));
            _output.Advance(length);
            Length += length;
        }

        public void Bytes(ReadOnlySpan<byte> bytes)
        {
            _output.Write(bytes);
            Length += bytes.Length;
        }
    }
}
