using System.Net;
using Compeer.Protocols;
using Compeer.Protocols.Utp;

namespace Compeer.Tests.Utp;

/// <summary>Two routers joined by a link on driven time; everything follows from the seed.</summary>
internal sealed class VirtualLink
{
    public static readonly IPEndPoint AddressA = new(IPAddress.Parse("192.0.2.1"), 1001);
    public static readonly IPEndPoint AddressB = new(IPAddress.Parse("192.0.2.2"), 1002);

    private readonly Random _random;
    private readonly PriorityQueue<(Side To, IPEndPoint From, byte[] Datagram), (long, int)> _onTheWay = new();
    private readonly byte[] _buffer = new byte[65536];
    private int _order;

    public VirtualLink(int seed, LinkOptions? both = null, UtpOptions? options = null)
    {
        _random = new Random(seed);
        both ??= new LinkOptions();
        Now = Instant.Zero + TimeSpan.FromHours(1);
        A = new Side(AddressA, new UtpRouter(options ?? new(), new Random(seed + 1), Now), both);
        B = new Side(AddressB, new UtpRouter(options ?? new(), new Random(seed + 2), Now), both);
        A.Other = B;
        B.Other = A;
    }

    public Instant Now { get; private set; }

    /// <summary>Its router dials; its options say what happens to what it sends.</summary>
    public Side A { get; }

    public Side B { get; }

    /// <summary>Sees every datagram sent; false loses it. It may change it.</summary>
    public Func<Side, byte[], bool>? Tap { get; set; }

    /// <summary>Queueing delay of each datagram at A's bottleneck, with the time.</summary>
    public List<(Instant At, TimeSpan Delay)> Queueing { get; } = [];

    /// <summary>Called after every step.</summary>
    public Action? OnStep { get; set; }

    public (UtpConnection A, UtpConnection B) Connect()
    {
        UtpConnection a = A.Router.Connect(AddressB, Now)!;
        RunUntil(() => a.IsConnected, TimeSpan.FromSeconds(20));
        Assert.True(a.IsConnected);
        Assert.Equal(0, B.Router.ConnectionCount);
        a.Write("!"u8, Now);
        RunUntil(() => B.Accepted.Count > 0, TimeSpan.FromSeconds(20));
        UtpConnection b = B.Accepted.Dequeue();
        Span<byte> mark = stackalloc byte[2];
        Assert.Equal(1, b.Read(mark, Now));
        return (a, b);
    }

    public bool RunUntil(Func<bool> done, TimeSpan limit)
    {
        Instant end = Now + limit;
        Settle();
        while (!done())
        {
            Instant next = Instant.Min(A.Router.NextDeadline is { } a ? A.Real(a) : Instant.Never, B.Router.NextDeadline is { } b ? B.Real(b) : Instant.Never);
            if (_onTheWay.TryPeek(out _, out (long At, int) first))
                next = Instant.Min(next, new Instant(first.At));
            if (next > end || next == Instant.Never)
            {
                Now = end;
                return done();
            }
            if (next > Now)
                Now = next;
            while (_onTheWay.TryPeek(out _, out (long At, int) due) && due.At <= Now.Ticks)
            {
                (Side to, IPEndPoint from, byte[] datagram) = _onTheWay.Dequeue();
                to.Router.Receive(datagram, from, to.Local(Now));
            }
            A.Router.OnDeadline(A.Local(Now));
            B.Router.OnDeadline(B.Local(Now));
            Settle();
        }
        return true;
    }

    public void Run(TimeSpan time) => RunUntil(() => false, time);

    /// <summary>Puts a datagram onto the link as if <paramref name="from"/> had sent it.</summary>
    public void Inject(Side from, byte[] datagram, bool dontFragment = false) => Carry(from, datagram, dontFragment);

    public void Settle()
    {
        bool moved = true;
        while (moved)
        {
            OnStep?.Invoke();
            moved = Pump(A) | Pump(B);
        }
    }

    private bool Pump(Side side)
    {
        bool moved = false;
        while (side.Router.TryTakeEvent(out UtpEvent happened))
        {
            if (happened.Signals.HasFlag(UtpSignals.Accepted))
                side.Accepted.Enqueue(happened.Connection);
            moved = true;
        }
        while (side.Router.TryTransmit(_buffer, out UtpDatagram datagram, side.Local(Now)))
        {
            Carry(side, _buffer.AsSpan(0, datagram.LengthBytes).ToArray(), datagram.DontFragment);
            moved = true;
        }
        return moved;
    }

    private void Carry(Side from, byte[] datagram, bool dontFragment)
    {
        from.SentDatagrams++;
        from.SentBytes += datagram.Length;
        if (Tap is { } tap && !tap(from, datagram))
            return;
        LinkOptions link = from.Link;
        if ((dontFragment && datagram.Length + 28 > link.Mtu) || _random.NextDouble() < link.Loss)
            return;
        Instant leaves = Now;
        if (link.Rate > 0)
        {
            Instant start = from.BusyUntil > Now ? from.BusyUntil : Now;
            if ((start - Now).TotalSeconds * link.Rate > link.QueueBytes)
                return;
            leaves = start + TimeSpan.FromSeconds((datagram.Length + 28.0) / link.Rate);
            from.BusyUntil = leaves;
            if (from == A)
                Queueing.Add((Now, start - Now));
        }
        Instant arrives = leaves + link.Delay;
        if (_random.NextDouble() < link.Late)
            arrives += link.LateBy;
        int copies = _random.NextDouble() < link.Doubled ? 2 : 1;
        for (int i = 0; i < copies; i++)
            _onTheWay.Enqueue((from.Other!, from.Address, datagram), ((arrives + TimeSpan.FromMilliseconds(i)).Ticks, _order++));
    }

    internal sealed class Side(IPEndPoint address, UtpRouter router, LinkOptions link)
    {
        public IPEndPoint Address { get; } = address;

        public UtpRouter Router { get; set; } = router;

        public LinkOptions Link { get; set; } = link;

        public Side? Other { get; set; }

        public Queue<UtpConnection> Accepted { get; } = new();

        public long SentDatagrams { get; set; }

        public long SentBytes { get; set; }

        public Instant BusyUntil { get; set; }

        /// <summary>How much faster than true its clock runs.</summary>
        public double Drift { get; set; }

        public Instant Local(Instant real) => new((long)(real.Ticks * (1 + Drift)));

        public Instant Real(Instant local) => new((long)Math.Ceiling(local.Ticks / (1 + Drift)) + 1);
    }
}
