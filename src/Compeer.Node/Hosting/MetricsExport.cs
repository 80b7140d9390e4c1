using System.Runtime.CompilerServices;
using Compeer.Network.Proxies;
using Compeer.Node.Configuration;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace Compeer.Node.Hosting;

/// <summary>
/// Sends the node's figures to a collector, where the configuration names one: by OTLP over HTTP, in protobuf. Behind a proxy nothing is
/// sent, since it would go past it.
/// Spec: OTLP 1.x, section OTLP/HTTP.
/// </summary>
internal static class MetricsExport
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Begins to send; null when nothing shall or may be sent.</summary>
    public static IDisposable? Start(NodeConfiguration configuration, NetworkPolicy policy, Action<string> note)
    {
        if (configuration[NodeOptions.OtlpEndpoint] is not { Length: > 0 } endpoint)
            return null;
        if (!policy.AllowsDirect(TrafficClass.Metrics))
        {
            note("No figures are sent to the collector: they would go past the proxy.");
            return null;
        }
        return Begin(configuration, endpoint);
    }

    /// <summary>Apart, so that the libraries for it are loaded by those only who want it.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static IDisposable Begin(NodeConfiguration configuration, string endpoint) =>
        Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(ResourceBuilder.CreateEmpty().AddService("compeer", serviceVersion: NodeServices.Version))
            .AddMeter(NodeMetrics.MeterName)
            .AddOtlpExporter((exporter, reader) =>
            {
                (exporter.Endpoint, exporter.Protocol) = (new Uri(endpoint), OtlpExportProtocol.HttpProtobuf);
                exporter.HttpClientFactory = static () => new HttpClient(new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false }) { Timeout = Patience };
                reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = (int)configuration.Number(NodeOptions.OtlpInterval) * 1000;
            })
            .Build();
}
