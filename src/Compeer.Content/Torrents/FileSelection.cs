using Compeer.Content.Storage;
using Compeer.Formats.Torrents;
using Compeer.Protocols.Picking;

namespace Compeer.Content.Torrents;

/// <summary>Which files of a torrent are wanted how much, and what follows for its pieces. Immutable.</summary>
internal sealed class FileSelection
{
    private readonly byte[] _pieces;

    public FileSelection(Metainfo metainfo, TorrentSettings settings)
    {
        var files = new FilePriority[metainfo.Files.Length];
        for (int i = 0; i < files.Length; i++)
            files[i] = PriorityOf(metainfo.Files[i], settings);
        Files = files;
        _pieces = new byte[metainfo.PieceCount];
        var layout = new PieceLayout(metainfo);
        foreach (TorrentFile file in metainfo.Files.Where(f => !f.IsPad))
        {
            (int first, int end) = layout.PiecesOf(file.Index);
            byte priority = PickerPriority(Files[file.Index]);
            for (int piece = first; piece < end; piece++)
                _pieces[piece] = Math.Max(_pieces[piece], priority);
        }
    }

    /// <summary>One a file.</summary>
    public IReadOnlyList<FilePriority> Files { get; }

    /// <summary>The picker's priority of a piece: that of its most wanted file, 0 when none is wanted.</summary>
    public int this[int piece] => _pieces[piece];

    /// <summary>Whether a file is wanted.</summary>
    public bool IsWanted(int file) => Files[file] != FilePriority.Skip;

    private static FilePriority PriorityOf(TorrentFile file, TorrentSettings settings) =>
        file.IsPad ? FilePriority.Skip
        : settings.Priorities is { } given ? file.Index < given.Count ? given[file.Index] : FilePriority.Normal
        : settings.Select?.Invoke(file) == false ? FilePriority.Skip
        : FilePriority.Normal;

    private static byte PickerPriority(FilePriority priority) => priority switch
    {
        FilePriority.Skip => 0,
        FilePriority.Low => 2,
        FilePriority.High => 6,
        _ => PiecePicker.DefaultPriority,
    };
}
