using System.Buffers;

namespace Compeer.Protocols.Overlays;

/// <summary>How messages of an overlay become bytes and back. Thread-safe.</summary>
public interface IOverlayCodec<TMessage>
    where TMessage : struct
{
    /// <summary>Writes one, without its length.</summary>
    void Encode(in TMessage message, IBufferWriter<byte> output);

    /// <summary>Reads one that fills <paramref name="source"/>; false where it is malformed. Keeps no reference to the source.</summary>
    bool TryDecode(ReadOnlySpan<byte> source, out TMessage message);
}
