using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

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

    /// <summary>JSON as the compiler prepared it for the type; null is refused.</summary>
    /// <param name="type">From a JsonSerializerContext of the program, such as <c>MyJson.Default.Int32Array</c>; its options hold too.</param>
    public static MessageCodec<T> Json<T>(JsonTypeInfo<T> type) => new(
        value => JsonSerializer.SerializeToUtf8Bytes(value, type),
        bytes => JsonSerializer.Deserialize(bytes, type) ?? throw new InvalidDataException("The message is null."));

    /// <summary>JSON of any type that System.Text.Json can look into at run time; null is refused. Not for programs that are trimmed or compiled to machine code.</summary>
    [RequiresUnreferencedCode("Types are looked into at run time. Use the overload that takes a JsonTypeInfo.")]
    [RequiresDynamicCode("Types are looked into at run time. Use the overload that takes a JsonTypeInfo.")]
    public static MessageCodec<T> Json<T>() => new(
        value => JsonSerializer.SerializeToUtf8Bytes(value),
        bytes => JsonSerializer.Deserialize<T>(bytes) ?? throw new InvalidDataException("The message is null."));
}
