using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Compeer.Protocols.PrivateNetworks;

/// <summary>The secret of a private network: whoever has it is a member. Spec: libp2p/specs pnet/Private-Networks-PSK-V1.md.</summary>
public sealed class PreSharedKey
{
    /// <summary>Bytes of a key.</summary>
    public const int LengthBytes = 32;

    private const string Header = "/key/swarm/psk/1.0.0/";
    private const int MaxTextBytes = 1024;

    private readonly byte[] _key;

    private PreSharedKey(ReadOnlySpan<byte> key) => _key = key.ToArray();

    /// <summary>A key of 32 bytes.</summary>
    /// <exception cref="ArgumentException">It has another length.</exception>
    public static PreSharedKey FromBytes(ReadOnlySpan<byte> key) =>
        key.Length == LengthBytes ? new PreSharedKey(key) : throw new ArgumentException($"A pre-shared key has {LengthBytes} bytes, not {key.Length}.", nameof(key));

    /// <summary>Reads a key file: a line "/key/swarm/psk/1.0.0/", one with "/base16/", "/base64/" or "/bin/", and the key.</summary>
    public static bool TryRead(ReadOnlySpan<byte> file, [NotNullWhen(true)] out PreSharedKey? key)
    {
        key = null;
        if (file.Length > MaxTextBytes || !TryTakeLine(ref file, out string header) || header != Header || !TryTakeLine(ref file, out string encoding))
            return false;
        byte[] bytes = new byte[LengthBytes];
        bool isRead;
        if (encoding == "/bin/")
        {
            isRead = file.Length == LengthBytes;
            if (isRead)
                file.CopyTo(bytes);
        }
        else
        {
            TryTakeLine(ref file, out string text);
            isRead = encoding switch
            {
                "/base16/" => text.Length == 2 * LengthBytes && Convert.FromHexString(text, bytes, out _, out int length) == System.Buffers.OperationStatus.Done && length == LengthBytes,
                "/base64/" => Convert.TryFromBase64String(text, bytes, out int length) && length == LengthBytes,
                _ => false,
            };
        }
        key = isRead ? new PreSharedKey(bytes) : null;
        return isRead;
    }

    /// <summary>The file of the key.</summary>
    public string ToFileText() => $"{Header}\n/base16/\n{Convert.ToHexStringLower(_key)}\n";

    /// <summary>The cipher of one direction of a connection.</summary>
    /// <param name="nonce">What its sender sent first: <see cref="XSalsa20.NonceBytes"/>.</param>
    public XSalsa20 CipherOf(ReadOnlySpan<byte> nonce) => new(_key, nonce);

    /// <summary>Never the key.</summary>
    public override string ToString() => "a pre-shared key";

    private static bool TryTakeLine(ref ReadOnlySpan<byte> rest, out string line)
    {
        int end = rest.IndexOf((byte)'\n');
        line = Encoding.ASCII.GetString(end < 0 ? rest : rest[..end]).TrimEnd('\r');
        rest = end < 0 ? [] : rest[(end + 1)..];
        return line.Length > 0;
    }
}
