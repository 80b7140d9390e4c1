namespace Compeer.Protocols.Utp;

/// <summary>Arithmetic of 16-bit numbers that wrap.</summary>
internal static class UtpSequence
{
    /// <summary>How far <paramref name="to"/> lies behind <paramref name="from"/>: positive when it comes later.</summary>
    public static int Distance(ushort from, ushort to) => (short)(to - from);
}
