using System.Buffers;
using System.Collections.Immutable;
using Compeer.Formats.Bencoding;

namespace Compeer.Formats.Torrents;

/// <summary>Writes info dictionaries in canonical form.</summary>
internal sealed class InfoDictionaryWriter(IBufferWriter<byte> output)
{
    private readonly BencodeWriter _writer = new(output);

    public void Write(
        string name, int pieceLength, ImmutableArray<TorrentFile> files, ReadOnlySpan<byte> v1Pieces, TorrentFormat format, bool isSingleFile, bool isPrivate)
    {
        _writer.BeginDictionary();
        if (isSingleFile && format != TorrentFormat.V2 && Attributes(files[0]) is { Length: > 0 } attributes)
            Text("attr"u8, attributes);
        if (format != TorrentFormat.V1)
            WriteTree(files, isSingleFile ? name : null);
        if (format != TorrentFormat.V2 && isSingleFile)
            Integer("length"u8, files[0].Length);
        else if (format != TorrentFormat.V2)
            WriteList(files);
        if (format != TorrentFormat.V1)
            Integer("meta version"u8, 2);
        Text("name"u8, name);
        Integer("piece length"u8, pieceLength);
        if (format != TorrentFormat.V2)
        {
            _writer.Key("pieces"u8);
            _writer.String(v1Pieces);
        }
        if (isPrivate)
            Integer("private"u8, 1);
        _writer.End();
    }

    private void WriteList(ImmutableArray<TorrentFile> files)
    {
        _writer.Key("files"u8);
        _writer.BeginList();
        foreach (TorrentFile file in files)
        {
            _writer.BeginDictionary();
            if (Attributes(file) is { Length: > 0 } attributes)
                Text("attr"u8, attributes);
            Integer("length"u8, file.Length);
            _writer.Key("path"u8);
            _writer.BeginList();
            foreach (string element in file.Path)
                _writer.Text(element);
            _writer.End();
            _writer.End();
        }
        _writer.End();
    }

    /// <summary>The files come in tree order, so each needs only the folders that the one before it did not open.</summary>
    private void WriteTree(ImmutableArray<TorrentFile> files, string? singleName)
    {
        _writer.Key("file tree"u8);
        _writer.BeginDictionary();
        ImmutableArray<string> open = [];
        foreach (TorrentFile file in files.Where(f => !f.IsPad))
        {
            ImmutableArray<string> path = singleName is null ? file.Path : [singleName];
            int common = 0;
            while (common < open.Length && common < path.Length - 1 && open[common] == path[common])
                common++;
            Close(open.Length - common);
            foreach (string element in path[common..])
            {
                _writer.Key(System.Text.Encoding.UTF8.GetBytes(element));
                _writer.BeginDictionary();
            }
            WriteProperties(file);
            Close(1);
            open = path[..^1];
        }
        Close(open.Length + 1);
    }

    private void WriteProperties(TorrentFile file)
    {
        _writer.Key(""u8);
        _writer.BeginDictionary();
        if (Attributes(file) is { Length: > 0 } attributes)
            Text("attr"u8, attributes);
        Integer("length"u8, file.Length);
        if (file.PiecesRoot is { } root)
        {
            _writer.Key("pieces root"u8);
            _writer.String(root.AsSpan());
        }
        _writer.End();
    }

    private void Close(int count)
    {
        for (int i = 0; i < count; i++)
            _writer.End();
    }

    private static string Attributes(TorrentFile file) => (file.IsPad ? "p" : "") + (file.IsExecutable ? "x" : "");

    private void Integer(ReadOnlySpan<byte> key, long value)
    {
        _writer.Key(key);
        _writer.Integer(value);
    }

    private void Text(ReadOnlySpan<byte> key, string value)
    {
        _writer.Key(key);
        _writer.Text(value);
    }
}
