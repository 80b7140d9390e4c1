using System.Net;

namespace Compeer.Protocols.Utp;

/// <summary>A datagram to be sent.</summary>
/// <param name="LengthBytes">Bytes written.</param>
/// <param name="To">The receiver.</param>
/// <param name="DontFragment">It finds out whether its size passes: to be lost rather than cut.</param>
public readonly record struct UtpDatagram(int LengthBytes, IPEndPoint To, bool DontFragment);

/// <summary>Something happened to a connection.</summary>
/// <param name="Connection">The connection.</param>
/// <param name="Signals">What.</param>
public readonly record struct UtpEvent(UtpConnection Connection, UtpSignals Signals);
