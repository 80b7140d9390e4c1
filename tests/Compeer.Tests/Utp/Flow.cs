using Compeer.Protocols;
using Compeer.Protocols.Utp;

namespace Compeer.Tests.Utp;

/// <summary>Moves known bytes through one direction of a connection and checks every one that arrives.</summary>
internal sealed class Flow(UtpConnection from, UtpConnection to, long length, Func<Instant> fromNow, Func<Instant> toNow, bool end = true)
{
    private const int PartBytes = 64 << 10;

    /// <summary>The bytes repeat after so many: their bits follow from the low 21 bits of the offset.</summary>
    private const int Period = 1 << 21;

    private static readonly byte[] Pattern = [.. Enumerable.Range(0, Period + PartBytes).Select(i => At(i))];

    private readonly byte[] _buffer = new byte[PartBytes];
    private bool _ended;

    public long Written { get; private set; }

    public long Received { get; private set; }

    public bool IsDone => Received == length && (!end || to.IsRemoteEnded);

    public static byte At(long offset) => (byte)((offset * 2654435761) >> 13);

    public void Step()
    {
        while (Written < length)
        {
            int taken = from.Write(Expected(Written, (int)Math.Min(PartBytes, length - Written)), fromNow());
            Written += taken;
            if (taken == 0)
                break;
        }
        if (Written == length && end && !_ended)
        {
            _ended = true;
            from.Shutdown(fromNow());
        }
        for (int got; (got = to.Read(_buffer, toNow())) > 0;)
        {
            int right = _buffer.AsSpan(0, got).CommonPrefixLength(Expected(Received, got));
            if (right < got)
                Assert.Fail($"Byte {Received + right} is wrong.");
            Received += got;
        }
    }

    private static ReadOnlySpan<byte> Expected(long offset, int count) => Pattern.AsSpan((int)(offset % Period), count);
}
