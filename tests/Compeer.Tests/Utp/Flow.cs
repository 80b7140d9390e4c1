using Compeer.Protocols;
using Compeer.Protocols.Utp;

namespace Compeer.Tests.Utp;

/// <summary>Moves known bytes through one direction of a connection and checks every one that arrives.</summary>
internal sealed class Flow(UtpConnection from, UtpConnection to, long length, Func<Instant> fromNow, Func<Instant> toNow, bool end = true)
{
    private readonly byte[] _buffer = new byte[64 << 10];
    private bool _ended;

    public long Written { get; private set; }

    public long Received { get; private set; }

    public bool IsDone => Received == length && (!end || to.IsRemoteEnded);

    public static byte At(long offset) => (byte)((offset * 2654435761) >> 13);

    public void Step()
    {
        while (Written < length)
        {
            int part = (int)Math.Min(_buffer.Length, length - Written);
            for (int i = 0; i < part; i++)
                _buffer[i] = At(Written + i);
            int taken = from.Write(_buffer.AsSpan(0, part), fromNow());
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
            for (int i = 0; i < got; i++)
            {
                if (_buffer[i] != At(Received + i))
                    Assert.Fail($"Byte {Received + i} is wrong.");
            }
            Received += got;
        }
    }
}
