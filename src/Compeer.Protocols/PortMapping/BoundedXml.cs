using System.Text;
using System.Xml;

namespace Compeer.Protocols.PortMapping;

/// <summary>
/// Reads XML from strangers as a stream of closed elements: no document type, no entities but the five of XML, nothing fetched,
/// and bounds on length, depth and elements.
/// </summary>
internal static class BoundedXml
{
    /// <summary>The longest document, in bytes.</summary>
    public const int MaxBytes = 256 * 1024;

    private const int MaxDepth = 32;
    private const int MaxElements = 4096;
    private const int MaxTextChars = 1024;

    /// <summary>Calls <paramref name="closed"/> with the local name and the text of every element at its end; false when the document breaks a rule.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> document, Action<string, string> closed)
    {
        if (document.Length is 0 or > MaxBytes)
            return false;
        var settings = new XmlReaderSettings
        {
            DtdProcessing = DtdProcessing.Prohibit,
            XmlResolver = null,
            IgnoreComments = true,
            IgnoreProcessingInstructions = true,
            IgnoreWhitespace = true,
            MaxCharactersInDocument = MaxBytes,
            MaxCharactersFromEntities = 1024,
        };
        try
        {
            using var stream = new MemoryStream(document.ToArray(), writable: false);
            using var reader = XmlReader.Create(stream, settings);
            return ReadElements(reader, closed);
        }
        catch (XmlException)
        {
            return false;
        }
        // An encoding that the declaration names and the system does not know.
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return false;
        }
    }

    private static bool ReadElements(XmlReader reader, Action<string, string> closed)
    {
        var text = new StringBuilder();
        int elements = 0;
        while (reader.Read())
        {
            switch (reader.NodeType)
            {
                case XmlNodeType.Element:
                    if (reader.Depth >= MaxDepth || ++elements > MaxElements)
                        return false;
                    text.Clear();
                    if (reader.IsEmptyElement)
                        closed(reader.LocalName, "");
                    break;
                case XmlNodeType.Text or XmlNodeType.CDATA:
                    if (text.Length + reader.Value.Length > MaxTextChars)
                        return false;
                    text.Append(reader.Value);
                    break;
                case XmlNodeType.EndElement:
                    closed(reader.LocalName, text.ToString().Trim());
                    text.Clear();
                    // What follows the root is of no interest; several routers send rubbish there.
                    if (reader.Depth == 0)
                        return true;
                    break;
            }
        }
        return elements > 0;
    }
}
