using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using Compeer.Node.Api;

namespace Compeer.Node.Hosting;

/// <summary>
/// The node in figures, as instruments of System.Diagnostics.Metrics (meter Compeer.Node) that any listener can read, and as text for
/// Prometheus. Spec: Prometheus text exposition format 0.0.4.
/// </summary>
internal sealed class NodeMetrics : IDisposable
{
    /// <summary>Of the meter.</summary>
    public const string MeterName = "Compeer.Node";

    private readonly Meter _meter = new(MeterName);

    /// <summary>Makes the instruments; they are read when somebody asks.</summary>
    public NodeMetrics(Func<NodeView> view)
    {
        _meter.CreateObservableCounter("compeer_downloaded_bytes_total", () => view().DownloadedBytes, description: "Payload received over all time.");
        _meter.CreateObservableCounter("compeer_uploaded_bytes_total", () => view().UploadedBytes, description: "Payload sent over all time.");
        _meter.CreateObservableGauge("compeer_download_rate_bytes", () => view().DownRate, description: "Payload received per second.");
        _meter.CreateObservableGauge("compeer_upload_rate_bytes", () => view().UpRate, description: "Payload sent per second.");
        _meter.CreateObservableGauge("compeer_free_bytes", () => view().FreeBytes, description: "Room where downloads go.");
        _meter.CreateObservableGauge("compeer_dht_nodes", () => (long)view().Dht.Nodes, description: "Contacts in the DHT.");
        _meter.CreateObservableGauge("compeer_memory_bytes", () => Environment.WorkingSet, description: "Physical memory of the process.");
        _meter.CreateObservableGauge("compeer_torrents", () => ByState(view().Torrents), description: "Torrents by what they do.");
    }

    /// <summary>All of them as text.</summary>
    public string Expose()
    {
        var text = new StringBuilder();
        string last = "";
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter == _meter)
                l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            if (instrument.Name != last)
                text.Append(CultureInfo.InvariantCulture, $"# HELP {instrument.Name} {instrument.Description}\n# TYPE {instrument.Name} {(instrument is ObservableCounter<long> ? "counter" : "gauge")}\n");
            last = instrument.Name;
            string labels = tags.Length == 0 ? "" : $"{{{tags[0].Key}=\"{tags[0].Value}\"}}";
            text.Append(CultureInfo.InvariantCulture, $"{instrument.Name}{labels} {value}\n");
        });
        listener.Start();
        listener.RecordObservableInstruments();
        return text.ToString();
    }

    public void Dispose() => _meter.Dispose();

    private static IEnumerable<Measurement<long>> ByState(TorrentCounts counts) =>
    [
        new(counts.Downloading, KeyValuePair.Create<string, object?>("state", "downloading")),
        new(counts.Seeding, KeyValuePair.Create<string, object?>("state", "seeding")),
        new(counts.Paused, KeyValuePair.Create<string, object?>("state", "paused")),
        new(counts.Checking, KeyValuePair.Create<string, object?>("state", "checking")),
        new(counts.Failed, KeyValuePair.Create<string, object?>("state", "failed")),
    ];
}
