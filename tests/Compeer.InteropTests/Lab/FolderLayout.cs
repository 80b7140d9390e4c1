namespace Compeer.InteropTests.Lab;

/// <summary>Names and lengths of the folder of 500 files.</summary>
internal static class FolderLayout
{
    private static readonly string[] Folders =
    [
        "", "a", "a/b", "a/b/c", "a/b/c/d/e/f", "Musik/Ärger & Öl", "写真/二〇二六", "музыка", "צילומים", "صور",
        "with space/and  two", "emoji 🦊🎉", "-dash", ".hidden", "percent%20plus+", "it's \u2018quoted\u2019", "e\u0301 decomposed",
    ];

    private static readonly string[] Names = ["data", "Straße", "naïve", "写真", "файл", "ملف", "קובץ", "ไฟล์", "फ़ाइल", "🦊", "a b", "$HOME", "semi;colon", "#hash", "[x]"];

    private static readonly int[] Edges = [16383, 16384, 16385, 32768, 65535, 65536, 65537, 131071, 131072, 131073, 2, 3];

    /// <summary>Unique, even for file systems that do not tell case apart.</summary>
    public static string PathOf(int i)
    {
        string name = i == 77 ? new string('n', 200) : $"{Names[i % Names.Length]} {i:000}{(i % 3 == 0 ? ".bin" : "")}";
        return Path.Combine(Folders[i % Folders.Length], name);
    }

    public static int LengthOf(int i, Random random) => i switch
    {
        499 => 5 << 20,
        250 => (2 << 20) + 1,
        _ when i % 20 == 0 => 0,
        _ when i % 20 == 1 => 1,
        _ when i % 20 == 2 => Edges[i / 20 % Edges.Length],
        _ => random.Next(100, 60_000),
    };
}
