using QRCoder;

namespace Compeer.Cli.Output;

/// <summary>Text as a QR code of half blocks, two modules a character, readable by phones from a dark or light terminal.</summary>
internal static class QrCode
{
    public static void Write(string text, TextWriter output)
    {
        using var generator = new QRCodeGenerator();
        using QRCodeData code = generator.CreateQrCode(text, QRCodeGenerator.ECCLevel.L);
        var rows = code.ModuleMatrix;
        for (int y = 0; y < rows.Count; y += 2)
        {
            for (int x = 0; x < rows.Count; x++)
            {
                bool upper = !rows[y][x];
                bool lower = y + 1 >= rows.Count || !rows[y + 1][x];
                output.Write((upper, lower) switch { (true, true) => '█', (true, false) => '▀', (false, true) => '▄', _ => ' ' });
            }
            output.WriteLine();
        }
        output.Flush();
    }
}
