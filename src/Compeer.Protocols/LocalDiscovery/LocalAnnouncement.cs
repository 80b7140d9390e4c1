using System.Collections.Immutable;
using Compeer.Formats.Hashing;

namespace Compeer.Protocols.LocalDiscovery;

/// <summary>One multicast datagram: who listens where for which torrents.</summary>
/// <remarks>
/// Spec: BEP 14.
/// <code>
/// BT-SEARCH * HTTP/1.1 CRLF
/// Host: GROUP CRLF  Port: N CRLF  (Infohash: 40 hex digits CRLF)+  cookie: TEXT CRLF
/// CRLF CRLF
/// </code>
/// </remarks>
/// <param name="Port">Port for peers.</param>
/// <param name="InfoHashes">The torrents; a v2 info-hash is cut to 20 bytes.</param>
/// <param name="Cookie">Tells a sender its own announcements; null when there is none.</param>
public sealed record LocalAnnouncement(int Port, ImmutableArray<Sha1Hash> InfoHashes, string? Cookie);
