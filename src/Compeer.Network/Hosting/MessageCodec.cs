using System.Text;
using System.Text.Json;

namespace Compeer.Network.Hosting;

/// <summary>How a value becomes the bytes of one message and back.</summary>
/// <param name="Encode">Gives the bytes.</param>
/// <param name="Decode">Reads them; throws <see cref="InvalidDataException"/>, <see cref="FormatException"/> or <see cref="JsonException"/> where they are malformed.</param>
public sealed record MessageCodec<T>(Func<T, byte[]> Encode, Func<byte[], T> Decode);

/// <summary>Codecs that need no more said.</summary>
public static class MessageCodec
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The bytes themselves.</summary>
    public static MessageCodec<byte[]> Bytes { get; } = new(b => b, b => b);

    /// <summary>UTF-8.</summary>
    public static MessageCodec<string> Text { get; } = new(Strict.GetBytes, bytes =>
    {
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw new InvalidDataException("The message is not UTF-8.", e);
        }
    });

    /// <summary>JSON of any type that System.Text.Json knows how to write; null is refused.</summary>
    public static MessageCodec<T> Json<T>() => new(
        value => JsonSerializer.SerializeToUtf8Bytes(value),
        bytes => JsonSerializer.Deserialize<T>(bytes) ?? throw new InvalidDataException("The message is null."));
}
