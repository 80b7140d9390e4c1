namespace Compeer.Formats.Bencoding;

/// <summary>The four kinds of bencoded values.</summary>
public enum BencodeKind : byte
{
    /// <summary>i…e</summary>
    Integer,

    /// <summary>length:bytes</summary>
    String,

    /// <summary>l…e</summary>
    List,

    /// <summary>d…e</summary>
    Dictionary,
}

/// <summary>One value of a parsed document. Containers are followed by their content.</summary>
internal struct BencodeToken
{
    public BencodeKind Kind;

    /// <summary>First byte of the encoding.</summary>
    public int Start;

    /// <summary>One past its last byte.</summary>
    public int End;

    /// <summary>Strings: length of the payload, which ends at <see cref="End"/>. Containers: values directly inside (keys not counted).</summary>
    public int Size;

    /// <summary>Index of the token that follows this value and all in it.</summary>
    public int Next;
}
