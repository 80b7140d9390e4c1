using System.Globalization;

namespace Compeer.InteropTests.Lab;

/// <summary>The content that the tests of one class share; each is made when first asked for, and never written to again.</summary>
public sealed class TestContents : IDisposable
{
    private static int _made;

    private readonly string _directory = LabFiles.NewDirectory(string.Create(CultureInfo.InvariantCulture, $"content{Interlocked.Increment(ref _made)}"));
    private readonly Lazy<TestContent> _single;
    private readonly Lazy<TestContent> _folder;
    private readonly Dictionary<int, TestContent> _sized = [];

    public TestContents()
    {
        _single = new(() => TestContent.File(Path.Combine(_directory, "single"), "film of 48 MiB.bin", (48 << 20) + 12_345, seed: 2));
        _folder = new(() => TestContent.Folder(Path.Combine(_directory, "folder"), "shelf of 500", seed: 3));
    }

    public TestContent Single => _single.Value;

    public TestContent Folder => _folder.Value;

    public TestContent Of(ContentKind kind) => kind == ContentKind.SingleFile ? Single : Folder;

    /// <summary>One file of so many mebibytes.</summary>
    public TestContent Mebibytes(int count)
    {
        if (!_sized.TryGetValue(count, out TestContent? content))
            _sized[count] = content = TestContent.File(Path.Combine(_directory, $"sized{count}"), $"{count} MiB.bin", count << 20, seed: count);
        return content;
    }

    public void Dispose()
    {
        LabFiles.Remove(_directory);
        GC.SuppressFinalize(this);
    }
}
