namespace Compeer.Node.Configuration;

/// <summary>What a value of an option is.</summary>
public enum OptionKind
{
    /// <summary>true or false.</summary>
    Bool,

    /// <summary>A whole number.</summary>
    Int,

    /// <summary>A number of bytes; text such as 500K or 2M is taken too.</summary>
    Bytes,

    /// <summary>Bytes per second; written like bytes. 0 means no limit.</summary>
    Rate,

    /// <summary>Text; lists are separated by commas.</summary>
    Text,

    /// <summary>A path of this machine.</summary>
    Path,

    /// <summary>One of a few words.</summary>
    Choice,

    /// <summary>Seconds.</summary>
    Duration,
}
