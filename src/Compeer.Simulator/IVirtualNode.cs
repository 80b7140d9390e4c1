using System.Buffers;
using System.Net;
using Compeer.Protocols;

namespace Compeer.Simulator;

/// <summary>A machine on a virtual host: the shape that every datagram machine of Protocols has, and a word after each step.</summary>
public interface IVirtualNode
{
    /// <summary>When <see cref="OnDeadline"/> is wanted; null for never.</summary>
    Instant? NextDeadline { get; }

    /// <summary>A datagram that arrived. The bytes are valid during the call.</summary>
    void Receive(ReadOnlySpan<byte> datagram, IPEndPoint from, Instant now);

    /// <summary>The next datagram to send; false when there is none.</summary>
    bool TryTransmit(IBufferWriter<byte> output, out IPEndPoint to, Instant now);

    /// <summary>The deadline has come.</summary>
    void OnDeadline(Instant now);

    /// <summary>Called after the machine's datagrams were taken: the place to take its events. True when it has more to send.</summary>
    bool AfterStep(Instant now) => false;
}
