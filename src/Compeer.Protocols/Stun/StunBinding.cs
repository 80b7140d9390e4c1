using System.Net;

namespace Compeer.Protocols.Stun;

/// <summary>A question to a server: from which address do my datagrams reach you? Spec: RFC 8489 section 12, RFC 5780 section 4.</summary>
/// <param name="Server">Who is asked.</param>
/// <param name="ChangeAddress">The answer shall come from the server's other address.</param>
/// <param name="ChangePort">The answer shall come from the server's other port.</param>
/// <param name="AnswersFrom">From where the answer has to come; null: from the server asked.</param>
public sealed record StunBindingRequest(IPEndPoint Server, bool ChangeAddress = false, bool ChangePort = false, IPEndPoint? AnswersFrom = null);

/// <summary>What a server told.</summary>
/// <param name="Mapped">Our address and port as the server saw them.</param>
/// <param name="Other">The server's other address and port, when it has them (OTHER-ADDRESS).</param>
public sealed record StunBindingAnswer(IPEndPoint Mapped, IPEndPoint? Other);

/// <summary>How a question ended.</summary>
/// <param name="Number">The number given by <see cref="StunBindings.TryBegin"/>.</param>
/// <param name="Request">The question.</param>
/// <param name="Answer">What the server told; null when it did not answer, or with an error.</param>
/// <param name="Error">The server's error, if there was one.</param>
public sealed record StunBindingOutcome(int Number, StunBindingRequest Request, StunBindingAnswer? Answer, StunError? Error);
