namespace Compeer.Node.Security;

/// <summary>What a caller may do; each includes those before it.</summary>
public enum Scope
{
    /// <summary>Nothing that needs a right.</summary>
    None,

    /// <summary>Look.</summary>
    Read,

    /// <summary>Add torrents too.</summary>
    Add,

    /// <summary>Everything.</summary>
    Admin,
}
