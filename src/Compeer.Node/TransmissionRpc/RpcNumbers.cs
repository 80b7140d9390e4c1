using System.Text.Json;
using System.Text.Json.Nodes;
using Compeer.Node.Api;
using Compeer.Node.Torrents;

namespace Compeer.Node.TransmissionRpc;

/// <summary>The small numbers by which such programs name torrents: given in the order of addition, and never twice in a run. Thread-safe.</summary>
internal sealed class RpcNumbers(TorrentCatalogue catalogue)
{
    private readonly Lock _numbering = new();
    private readonly Dictionary<string, int> _numbers = [];
    private int _last;

    /// <summary>A torrent's number.</summary>
    public int Of(NodeTorrent torrent)
    {
        lock (_numbering)
        {
            if (!_numbers.ContainsKey(torrent.Id))
            {
                foreach (NodeTorrent next in catalogue.All.Append(torrent).OrderBy(t => t.Record.AddedAt).ThenBy(t => t.Id, StringComparer.Ordinal))
                {
                    if (!_numbers.ContainsKey(next.Id))
                        _numbers[next.Id] = ++_last;
                }
            }
            return _numbers[torrent.Id];
        }
    }

    /// <summary>The torrents that "ids" names: a number, a hash, a list of both, "recently-active", or, left out, all.</summary>
    /// <exception cref="NotFoundException">One is not here.</exception>
    public IReadOnlyList<NodeTorrent> Named(JsonObject arguments) => arguments["ids"] switch
    {
        null => [.. catalogue.All.OrderBy(Of)],
        JsonArray list => [.. list.Select(Find)],
        JsonValue value when value.GetValueKind() == JsonValueKind.String && value.GetValue<string>() == "recently-active" => [.. catalogue.All.OrderBy(Of)],
        var one => [Find(one)],
    };

    private NodeTorrent Find(JsonNode? id)
    {
        NodeTorrent? found = id?.GetValueKind() switch
        {
            JsonValueKind.Number => catalogue.All.FirstOrDefault(t => Of(t) == id.GetValue<int>()),
            JsonValueKind.String => catalogue.Find(id.GetValue<string>().ToLowerInvariant()),
            _ => null,
        };
        return found ?? throw new NotFoundException($"There is no torrent {id}.");
    }
}
