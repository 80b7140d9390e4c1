using System.Globalization;

namespace Compeer.InteropTests.Lab;

/// <summary>One machine of the lab: a network namespace with one address and nothing else.</summary>
public sealed record LabHost(LabNetwork Network, string Namespace, string Device, string Address)
{
    /// <summary>The router it is behind; null on the bridge itself.</summary>
    public LabRouter? Router { get; init; }

    /// <summary>"10.x.y.z:port", "[fd10:x:y::z]:port"</summary>
    public string At(int port) => string.Create(CultureInfo.InvariantCulture, $"{(Address.Contains(':') ? $"[{Address}]" : Address)}:{port}");

    /// <summary>"10.x.y.z:port" as the rest of the network sees it, if its router keeps ports.</summary>
    public string PublicAt(int port) => Router?.PublicAt(this, port) ?? At(port);

    /// <summary>The address under which the rest of the network sees it.</summary>
    public string PublicAddress => Router?.PublicAddressOf(this) ?? Address;

    /// <summary>Bytes that have left this machine over its one cable, acknowledgements and headers included. Only for hosts on the bridge.</summary>
    public long SentBytes => Router is null
        ? long.Parse(File.ReadAllText($"/sys/class/net/{Device}/statistics/rx_bytes"), CultureInfo.InvariantCulture)
        : throw new LabException("What a host behind a router sent is counted at the router.");
}
