using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Xml;

namespace Compeer.Formats.Feeds;

/// <summary>
/// A feed of news: RSS of any version, or Atom. Read in one pass without building a tree; a document type is refused, and with it
/// every entity of its own.
/// Spec: RSS 2.0 (Advisory Board, 2.0.11), RFC 4287 (Atom); magnetURI as in the torrent namespaces of RSS.
/// </summary>
/// <param name="Title">The feed's name; empty when it has none.</param>
/// <param name="Items">In the order of the document; at most 1,000, the rest is not read.</param>
public sealed record FeedDocument(string Title, IReadOnlyList<FeedItem> Items)
{
    private const int MaxItems = 1000;
    private const int MaxDepth = 32;
    private const int MaxCharacters = 8 << 20;
    private const int MaxTitle = 500;
    private const int MaxText = 4096;

    /// <summary>Reads a document of at most 8 Mi characters.</summary>
    /// <param name="bytes">The document; its encoding as XML says.</param>
    /// <param name="document">The feed.</param>
    /// <param name="error">What is wrong with it.</param>
    public static bool TryParse(ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out FeedDocument? document, out string error)
    {
        (document, error) = (null, "");
        var settings = new XmlReaderSettings
        {
            DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, MaxCharactersInDocument = MaxCharacters, MaxCharactersFromEntities = 1024,
            IgnoreComments = true, IgnoreProcessingInstructions = true, CheckCharacters = true,
        };
        try
        {
            using var reader = XmlReader.Create(new MemoryStream(bytes.ToArray(), writable: false), settings);
            document = Read(reader, out error);
        }
        catch (XmlException e)
        {
            error = $"it is not well-formed XML: {e.Message}";
        }
        catch (ArgumentException)
        {
            // An encoding that nobody knows.
            error = "its encoding is not known";
        }
        return document is not null;
    }

    private static FeedDocument? Read(XmlReader reader, out string error)
    {
        error = "";
        string title = "";
        var items = new List<FeedItem>();
        Entry? entry = null;
        (string Name, int Depth)? open = null;
        var text = new StringBuilder();
        bool isFeed = false;
        while (items.Count < MaxItems && reader.Read())
        {
            if (reader.Depth > MaxDepth)
            {
                error = $"its elements are nested more than {MaxDepth} deep";
                return null;
            }
            switch (reader.NodeType)
            {
                case XmlNodeType.Element when reader.Depth == 0:
                    isFeed = reader.LocalName is "rss" or "feed" or "RDF";
                    break;
                case XmlNodeType.Element when reader.LocalName is "item" or "entry" && entry is null:
                    entry = reader.IsEmptyElement ? null : new Entry(reader.Depth);
                    break;
                case XmlNodeType.Element:
                    entry?.TakeAttributes(reader);
                    if (!reader.IsEmptyElement && (entry is not null ? reader.Depth == entry.Depth + 1 || reader.LocalName == "magnetURI" : reader.LocalName == "title" && title.Length == 0 && reader.Depth <= 2))
                        (open, _) = ((reader.LocalName, reader.Depth), text.Clear());
                    break;
                case XmlNodeType.Text or XmlNodeType.CDATA when open is not null && text.Length < MaxText:
                    text.Append(reader.Value.AsSpan(0, Math.Min(reader.Value.Length, MaxText - text.Length)));
                    break;
                case XmlNodeType.EndElement when open is { } ended && reader.Depth == ended.Depth:
                    if (entry is null)
                        title = Plain(text.ToString());
                    else
                        entry.TakeText(ended.Name, text.ToString().Trim());
                    open = null;
                    break;
                case XmlNodeType.EndElement when entry is not null && reader.Depth == entry.Depth:
                    if (entry.ToItem() is { } item)
                        items.Add(item);
                    entry = null;
                    break;
            }
        }
        if (!isFeed)
            error = "it is no feed: neither RSS nor Atom";
        return isFeed ? new FeedDocument(title, items) : null;
    }

    private static string Plain(string text)
    {
        string line = new([.. text.Trim().Take(MaxTitle).Select(c => char.IsControl(c) ? ' ' : c)]);
        return line.Length > 0 && char.IsHighSurrogate(line[^1]) ? line[..^1] : line;
    }

    /// <summary>An entry while it is read.</summary>
    private sealed class Entry(int depth)
    {
        private string _title = "";
        private string _id = "";
        private string _link = "";
        private string _enclosure = "";
        private string _torrent = "";
        private string _magnet = "";
        private string? _published;

        public int Depth { get; } = depth;

        public void TakeAttributes(XmlReader reader)
        {
            string? address = reader.LocalName switch { "enclosure" => reader.GetAttribute("url"), "link" => reader.GetAttribute("href"), _ => null };
            if (address is not { Length: > 0 and <= MaxText })
                return;
            bool isEnclosed = reader.LocalName == "enclosure" || reader.GetAttribute("rel") == "enclosure";
            if (isEnclosed && reader.GetAttribute("type") == "application/x-bittorrent")
                _torrent = First(_torrent, address);
            else if (isEnclosed)
                _enclosure = First(_enclosure, address);
            else if (reader.GetAttribute("rel") is null or "alternate")
                _link = First(_link, address);
        }

        public void TakeText(string name, string text)
        {
            switch (name)
            {
                case "title":
                    _title = First(_title, Plain(text));
                    break;
                case "guid" or "id":
                    _id = First(_id, text);
                    break;
                case "link":
                    _link = First(_link, text);
                    break;
                case "magnetURI":
                    _magnet = First(_magnet, text);
                    break;
                case "pubDate" or "published" or "updated" or "date" when text.Length is > 0 and < 100:
                    _published ??= text;
                    break;
            }
        }

        /// <summary>Null when nothing tells it from others.</summary>
        public FeedItem? ToItem()
        {
            string link = First(_torrent, First(_magnet, First(_link.StartsWith("magnet:", StringComparison.OrdinalIgnoreCase) ? _link : "", First(_enclosure, _link))));
            string key = First(_id, First(link, _title));
            return key.Length == 0 ? null : new FeedItem(key, First(_title, key.Length <= MaxTitle ? key : key[..MaxTitle]), link, _published);
        }

        private static string First(string known, string other) => known.Length > 0 ? known : other;
    }
}
