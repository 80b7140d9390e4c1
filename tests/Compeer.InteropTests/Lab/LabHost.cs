using System.Globalization;

namespace Compeer.InteropTests.Lab;

/// <summary>One machine of the lab: a network namespace with one 10.x address and nothing else.</summary>
public sealed record LabHost(LabNetwork Network, string Namespace, string Device, string Address)
{
    /// <summary>"10.x.y.z:port"</summary>
    public string At(int port) => string.Create(CultureInfo.InvariantCulture, $"{Address}:{port}");

    /// <summary>Bytes that have left this machine over its one cable, acknowledgements and headers included.</summary>
    public long SentBytes => long.Parse(File.ReadAllText($"/sys/class/net/{Device}/statistics/rx_bytes"), CultureInfo.InvariantCulture);
}
