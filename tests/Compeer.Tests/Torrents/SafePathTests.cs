using System.Globalization;
using System.Text;
using Compeer.Formats.Torrents;

namespace Compeer.Tests.Torrents;

public class SafePathTests
{
    [Theory]
    [InlineData("plain", "file.txt", "file.txt")]
    [InlineData("Unicode", "\u96ea \u00fcn\u00ef \U0001f30d.bin", "\u96ea \u00fcn\u00ef \U0001f30d.bin")]
    [InlineData("leading dot stays", ".gitignore", ".gitignore")]
    [InlineData("empty", "", "_")]
    [InlineData("here", ".", "_")]
    [InlineData("upwards", "..", "_")]
    [InlineData("many dots", "....", "_")]
    [InlineData("dots and blanks", ". . .", "_")]
    [InlineData("upwards in disguise", "..\u200b", "_")]
    [InlineData("upwards with NUL", "..\0", "_")]
    [InlineData("slash", "../etc/passwd", "..etcpasswd")]
    [InlineData("backslash", "..\\windows", "..windows")]
    [InlineData("only separators", "/\\/", "_")]
    [InlineData("NUL", "a\0b", "ab")]
    [InlineData("newline and escape", "a\r\n\u001b[31mb", "a[31mb")]
    [InlineData("C1 control", "a\u0085\u009bb", "ab")]
    [InlineData("right-to-left override", "photo\u202egpj.exe", "photogpj.exe")]
    [InlineData("isolates", "\u2066a\u2069", "a")]
    [InlineData("zero width", "a\u200b\u200c\u200d\ufeffb", "ab")]
    [InlineData("line separators", "a\u2028\u2029b", "ab")]
    [InlineData("tags", "a\U000e0041b", "ab")]
    [InlineData("trailing dot", "name.", "name")]
    [InlineData("trailing blanks and dots", "name . .", "name")]
    [InlineData("CON", "CON", "_CON")]
    [InlineData("con with extension", "con.txt", "_con.txt")]
    [InlineData("NUL device", "nul", "_nul")]
    [InlineData("COM1 with blank", "COM1 .x", "_COM1 .x")]
    [InlineData("superscript COM", "COM\u00b9", "_COM\u00b9")]
    [InlineData("CON hidden by a dropped character", "C\u200bON", "_CON")]
    [InlineData("no device", "CONSOLE", "CONSOLE")]
    public void Elements_are_made_harmless(string name, string element, string expected)
    {
        Assert.NotEmpty(name);
        Assert.Equal(expected, SafePath.SanitiseElement(element));
    }

    [Fact]
    public void Long_names_are_cut_between_characters_and_keep_their_extension()
    {
        string cut = SafePath.SanitiseElement(new string('\u96ea', 200) + ".torrent");
        Assert.EndsWith("\u96ea.torrent", cut, StringComparison.Ordinal);
        Assert.InRange(Encoding.UTF8.GetByteCount(cut), 230, 240);
        Assert.Equal(240, Encoding.UTF8.GetByteCount(SafePath.SanitiseElement(new string('x', 100_000))));
    }

    [Fact]
    public void Half_a_surrogate_is_replaced() => Assert.Equal("a\ufffdb", SafePath.SanitiseElement("a" + (char)0xd800 + "b"));

    [Fact]
    public void Bytes_that_are_not_utf8_are_replaced() => Assert.Equal("a\ufffdb", SafePath.SanitiseElement([(byte)'a', 0xff, (byte)'b']));

    [Fact]
    public void Any_bytes_give_a_name_that_is_safe_and_stays_as_it_is()
    {
        for (int seed = 0; seed < 20_000; seed++)
        {
            var random = new Random(seed);
            byte[] bytes = new byte[random.Next(seed % 50 == 0 ? 600 : 12)];
            if (seed % 2 == 0)
                random.NextBytes(bytes);
            else
                random.GetItems(". /\\\0\u007fCONcon:aux1"u8, bytes);
            string name = SafePath.SanitiseElement(bytes);
            Assert.True(Encoding.UTF8.GetByteCount(name) is > 0 and <= 240, $"seed {seed}");
            Assert.DoesNotContain(name, c => c is '/' or '\\' || char.IsControl(c));
            Assert.DoesNotContain(name.EnumerateRunes(), r => Rune.GetUnicodeCategory(r) == UnicodeCategory.Format);
            Assert.True(name is not ("." or "..") && name[^1] is not ('.' or ' '), $"seed {seed}: '{name}'");
            Assert.Equal(name, SafePath.SanitiseElement(name));
        }
    }
}
