namespace Compeer.InteropTests.Lab;

/// <summary>The clients that people run already, as far as this lab has them.</summary>
public enum ForeignClient
{
    Libtorrent,
    Aria2,
    Transmission,
}
