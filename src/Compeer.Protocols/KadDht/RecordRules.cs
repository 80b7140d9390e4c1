using System.Diagnostics.CodeAnalysis;
using System.Text;
using Compeer.Protocols.Identity;

namespace Compeer.Protocols.KadDht;

/// <summary>The validators of a DHT by namespace; a key is "/namespace/rest", and what has no validator is refused.</summary>
/// <remarks>Spec: libp2p/specs kad-dht, "Entry validation".</remarks>
public sealed class RecordRules(IReadOnlyDictionary<string, IRecordValidator> validators)
{
    /// <summary>The longest value.</summary>
    public const int MaxValueBytes = 10 * 1024;

    /// <summary>The rules of the public DHT: "pk" and "ipns".</summary>
    public static RecordRules Of(ISignatures signatures) => new(new Dictionary<string, IRecordValidator>
    {
        ["pk"] = new PublicKeyValidator(), ["ipns"] = new IpnsValidator(signatures),
    });

    /// <summary>These rules with one more namespace, or another validator of one.</summary>
    public RecordRules With(string name, IRecordValidator validator) => new(new Dictionary<string, IRecordValidator>(validators) { [name] = validator });

    /// <summary>Whether a value may stand at a key.</summary>
    public bool IsValid(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, DateTimeOffset now) =>
        value.Length <= MaxValueBytes && TryFind(key, out IRecordValidator? validator) && validator.IsValid(key, value, now);

    /// <summary>Compares two values that are valid at a key, as <see cref="IRecordValidator.Compare"/> does.</summary>
    public int Compare(ReadOnlySpan<byte> key, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second) =>
        TryFind(key, out IRecordValidator? validator) ? validator.Compare(first, second) : 0;

    /// <summary>When a value that is valid at a key ends by itself; null when it does not.</summary>
    public DateTimeOffset? EndOf(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => TryFind(key, out IRecordValidator? validator) ? validator.EndOf(value) : null;

    private bool TryFind(ReadOnlySpan<byte> key, [NotNullWhen(true)] out IRecordValidator? validator)
    {
        validator = null;
        int end = key.Length > 1 && key[0] == '/' ? key[1..].IndexOf((byte)'/') : -1;
        return end > 0 && validators.TryGetValue(Encoding.UTF8.GetString(key[1..(end + 1)]), out validator);
    }
}
