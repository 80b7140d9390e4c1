using System.Numerics;
using System.Security.Cryptography;

namespace Compeer.Network.SecureChannels;

/// <summary>Points and signatures of the curve secp256k1 in the forms that .NET lacks. For public values only: its time depends on them.</summary>
/// <remarks>Spec: SEC 1, section 2.3.4; SEC 2, section 2.4.1; BIP 62, "Low S values".</remarks>
internal static class Secp256k1Point
{
    private const int ScalarBytes = 32;

    private static readonly BigInteger Prime = (BigInteger.One << 256) - (BigInteger.One << 32) - 977;

    private static readonly BigInteger Order = Number(Convert.FromHexString("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141"));

    /// <summary>The curve as .NET names it.</summary>
    public static ECCurve Curve { get; } = ECCurve.CreateFromValue("1.3.132.0.10");

    /// <summary>Reads a compressed point of 33 bytes; false where the curve has no such point.</summary>
    public static bool TryDecompress(ReadOnlySpan<byte> compressed, out ECPoint point)
    {
        point = default;
        if (compressed.Length != ScalarBytes + 1 || compressed[0] is not (2 or 3))
            return false;
        BigInteger x = Number(compressed[1..]);
        BigInteger square = (BigInteger.ModPow(x, 3, Prime) + 7) % Prime;
        BigInteger y = BigInteger.ModPow(square, (Prime + 1) / 4, Prime);
        if (x >= Prime || y * y % Prime != square)
            return false;
        if (y.IsEven != (compressed[0] == 2))
            y = Prime - y;
        point = new ECPoint { X = compressed[1..].ToArray(), Y = Bytes(y) };
        return true;
    }

    /// <summary>The compressed form of a point.</summary>
    public static byte[] Compress(ECPoint point) => [(byte)(2 + (point.Y![^1] & 1)), .. point.X!];

    /// <summary>Makes the second half of a signature (r, s) of 64 bytes the smaller of its two values: many verifiers take no other.</summary>
    public static void LowerS(Span<byte> signature)
    {
        BigInteger s = Number(signature[ScalarBytes..]);
        if (s > Order / 2)
            Bytes(Order - s).CopyTo(signature[ScalarBytes..]);
    }

    private static BigInteger Number(ReadOnlySpan<byte> bytes) => new(bytes, isUnsigned: true, isBigEndian: true);

    private static byte[] Bytes(BigInteger number)
    {
        byte[] bytes = new byte[ScalarBytes];
        byte[] digits = number.ToByteArray(isUnsigned: true, isBigEndian: true);
        digits.CopyTo(bytes, ScalarBytes - digits.Length);
        return bytes;
    }
}
