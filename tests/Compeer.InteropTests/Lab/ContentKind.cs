namespace Compeer.InteropTests.Lab;

/// <summary>The two shapes that every client pair is tried with.</summary>
public enum ContentKind
{
    SingleFile,
    Folder500,
}
