using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Compeer.Node.Hosting;
using Compeer.Node.Torrents;
using Compeer.Node.TransmissionRpc;
using Microsoft.AspNetCore.Mvc;

namespace Compeer.Node.Api;

/// <summary>
/// Every type that the API reads, answers or describes; those within them are found at the build. Their code is made at the build, so
/// that nothing is looked up by reflection. A type that is missing here is answered with a fault.
/// </summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(ProblemDetails))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, string>))]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(Endpoints.Health))]
[JsonSerializable(typeof(NodeView))]
[JsonSerializable(typeof(LogLine))]
[JsonSerializable(typeof(NetworkEndpoints.LogTail))]
[JsonSerializable(typeof(EventStream.TorrentsEvent))]
[JsonSerializable(typeof(SessionEndpoints.SessionRequest))]
[JsonSerializable(typeof(SessionEndpoints.SessionView))]
[JsonSerializable(typeof(AccessEndpoints.PasswordRequest))]
[JsonSerializable(typeof(AccessEndpoints.KeyRequest))]
[JsonSerializable(typeof(AccessEndpoints.NewKey))]
[JsonSerializable(typeof(AccessEndpoints.KeyList))]
[JsonSerializable(typeof(AddRequest))]
[JsonSerializable(typeof(TorrentSummary))]
[JsonSerializable(typeof(TorrentEndpoints.TorrentList))]
[JsonSerializable(typeof(TorrentEndpoints.RateList))]
[JsonSerializable(typeof(TorrentActions.ActionRequest))]
[JsonSerializable(typeof(TorrentActions.ActionResult))]
[JsonSerializable(typeof(TorrentActions.PatchRequest))]
[JsonSerializable(typeof(TorrentViews.TrackerView[]))]
[JsonSerializable(typeof(TorrentViews.ItemList<TorrentViews.FileView>))]
[JsonSerializable(typeof(TorrentViews.ItemList<PeerView>))]
[JsonSerializable(typeof(TorrentViews.ItemList<TorrentViews.TakerView>))]
[JsonSerializable(typeof(TorrentViews.PriorityRequest))]
[JsonSerializable(typeof(TorrentViews.PieceView))]
[JsonSerializable(typeof(FileContent.ContentLink))]
[JsonSerializable(typeof(LimitEndpoints.LimitView))]
[JsonSerializable(typeof(LimitEndpoints.LimitRequest))]
[JsonSerializable(typeof(SettingEndpoints.SettingList))]
[JsonSerializable(typeof(Dictionary<string, JsonElement>))]
[JsonSerializable(typeof(DiskEndpoints.FolderView))]
[JsonSerializable(typeof(DiskEndpoints.UploadView))]
[JsonSerializable(typeof(DiskEndpoints.JobStarted))]
[JsonSerializable(typeof(DiskEndpoints.JobView))]
[JsonSerializable(typeof(NewShare))]
[JsonSerializable(typeof(NetworkEndpoints.NetworkView))]
[JsonSerializable(typeof(NetworkEndpoints.DhtTableView))]
[JsonSerializable(typeof(NetworkEndpoints.DoctorResult))]
[JsonSerializable(typeof(TorrentViews.ItemList<IntakeEndpoints.WatchFolderView>))]
[JsonSerializable(typeof(IntakeEndpoints.WatchFolderRequest))]
[JsonSerializable(typeof(TorrentViews.ItemList<IntakeEndpoints.FeedView>))]
[JsonSerializable(typeof(TorrentViews.ItemList<IntakeEndpoints.FeedEntryView>))]
[JsonSerializable(typeof(IntakeEndpoints.FeedRequest))]
[JsonSerializable(typeof(RpcEndpoint.RpcRequest))]
[JsonSerializable(typeof(JsonObject))]
internal sealed partial class ApiJsonContext : JsonSerializerContext;
