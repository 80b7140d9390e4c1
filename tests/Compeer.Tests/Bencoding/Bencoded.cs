using System.Text;

namespace Compeer.Tests.Bencoding;

/// <summary>Bencodes what it is given, right or wrong, apart from the code under test: keys stay in the order given.</summary>
internal static class Bencoded
{
    /// <summary>Whole numbers, strings (UTF-8), bytes, object[] as lists, (string, object)[] as dictionaries, Raw as it is.</summary>
    public static byte[] Of(object value)
    {
        var output = new MemoryStream();
        Write(output, value);
        return output.ToArray();
    }

    /// <summary>One character a byte.</summary>
    public static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    /// <summary>A dictionary with entries replaced, added, or (value null) removed; sorted.</summary>
    public static (string Key, object Value)[] With(this (string Key, object Value)[] dictionary, params (string Key, object? Value)[] changes)
    {
        var all = new SortedDictionary<string, object>(dictionary.ToDictionary(e => e.Key, e => e.Value), StringComparer.Ordinal);
        foreach ((string key, object? value) in changes)
        {
            if (value is null)
                all.Remove(key);
            else
                all[key] = value;
        }
        return [.. all.Select(e => (e.Key, e.Value))];
    }

    private static void Write(MemoryStream output, object value)
    {
        switch (value)
        {
            case int number:
                output.Write(Bytes($"i{number}e"));
                break;
            case long number:
                output.Write(Bytes($"i{number}e"));
                break;
            case string text:
                Write(output, Encoding.UTF8.GetBytes(text));
                break;
            case byte[] bytes:
                output.Write(Bytes($"{bytes.Length}:"));
                output.Write(bytes);
                break;
            case Raw raw:
                output.Write(raw.Encoded);
                break;
            case (string, object)[] dictionary:
                output.WriteByte((byte)'d');
                foreach ((string key, object entry) in dictionary)
                {
                    Write(output, Bytes(key));
                    Write(output, entry);
                }
                output.WriteByte((byte)'e');
                break;
            case IEnumerable<object> list:
                output.WriteByte((byte)'l');
                foreach (object entry in list)
                    Write(output, entry);
                output.WriteByte((byte)'e');
                break;
            default:
                throw new ArgumentException($"{value.GetType()} cannot be bencoded.", nameof(value));
        }
    }
}

/// <summary>Bytes that stand for themselves.</summary>
internal sealed record Raw(byte[] Encoded);
