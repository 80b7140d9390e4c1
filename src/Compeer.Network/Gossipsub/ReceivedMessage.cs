using Compeer.Formats.Multiformats;
using Compeer.Protocols.Gossipsub;

namespace Compeer.Network.Gossipsub;

/// <summary>A message that came, or one of our own.</summary>
/// <param name="Id">What tells it from others.</param>
/// <param name="Topic">Where it was published.</param>
/// <param name="Data">The content.</param>
/// <param name="Author">Who signed it; null where messages are not signed.</param>
/// <param name="From">Who passed it to us; ourselves for our own.</param>
/// <param name="Message">All parts.</param>
public sealed record ReceivedMessage(MessageId Id, string Topic, ReadOnlyMemory<byte> Data, PeerId? Author, PeerId From, PubsubMessage Message);

/// <summary>Judges a message before it is given to subscribers and passed on; runs on any thread. One that throws ignores the message.</summary>
public delegate ValueTask<Verdict> MessageValidator(ReceivedMessage message, CancellationToken cancellationToken);
