namespace Compeer.Protocols.PortMapping;

/// <summary>An HTTP request that <see cref="IgdSession"/> wants made: to exactly this place, on a connection of its own, following no redirect.</summary>
/// <param name="Id">Comes back with the reply.</param>
/// <param name="Url">Plain HTTP at a literal address of the local network.</param>
/// <param name="SoapAction">The header SOAPACTION of a POST; null for a GET.</param>
/// <param name="Body">What is posted.</param>
public sealed record IgdRequest(int Id, Uri Url, string? SoapAction, ReadOnlyMemory<byte> Body);

/// <summary>How a request went.</summary>
/// <param name="Id">Of the request.</param>
/// <param name="StatusCode">Of HTTP; 0 when there was no answer.</param>
/// <param name="Body">At most 256 KiB.</param>
/// <param name="Failure">Why there is no answer, in words, without a full stop; null when there is one.</param>
public sealed record IgdReply(int Id, int StatusCode, ReadOnlyMemory<byte> Body, string? Failure);
