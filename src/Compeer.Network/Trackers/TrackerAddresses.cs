using System.Net;
using System.Net.Sockets;
using Compeer.Network.Connections;
using Compeer.Protocols.Proxies;
using Compeer.Protocols.Trackers;

namespace Compeer.Network.Trackers;

/// <summary>Finds the addresses of a tracker and leaves out those that may not be asked. Whoever connects, connects to these and resolves nothing again.</summary>
internal sealed class TrackerAddresses(TrackerClientOptions options)
{
    /// <summary>All usable addresses of the host, or why there are none; none and no failure when a proxy is to look the name up.</summary>
    public async Task<(IPAddress[] Addresses, TrackerFailure? Failure)> FindAsync(Uri url, CancellationToken cancellationToken)
    {
        IPAddress[] found;
        if (IPAddress.TryParse(url.DnsSafeHost, out IPAddress? literal))
        {
            found = [literal];
        }
        else if (options.Proxy is not null)
        {
            return ([], null);
        }
        else
        {
            try
            {
                found = await options.Resolve(url.DnsSafeHost, cancellationToken);
            }
            catch (SocketException e)
            {
                return ([], new TrackerFailure(TrackerFailureKind.Unreachable, $"The name {url.Host} cannot be resolved: {SocketErrors.Describe(e.SocketErrorCode)}."));
            }
        }
        IPAddress[] usable = [.. found.Where(CanBind)];
        if (usable.Length == 0)
            return ([], new TrackerFailure(TrackerFailureKind.Unreachable, $"{url.Host} has no address of the kind that this program is bound to."));
        usable = [.. usable.Where(address => options.Reach(address) != AddressReach.Nowhere)];
        return usable.Length == 0 ? ([], Forbidden($"{url.Host} leads to an address that no tracker can have.")) : (usable, null);
    }

    /// <summary>
    /// The addresses of one family (or of any, when a proxy chose it) that an HTTP request may go to: none that reaches less far than <paramref name="least"/>,
    /// and this machine only for the path of a tracker, so that nobody's torrent can call other local services.
    /// </summary>
    public (IPAddress[] Addresses, TrackerFailure? Failure) Allow(Uri url, IPAddress[] addresses, AddressFamily family, AddressReach least, string trackerPath)
    {
        if (addresses.Length == 0 && options.Proxy is not null)
            return AllowName(url, least, trackerPath);
        IPAddress[] ofFamily = [.. addresses.Where(a => family == AddressFamily.Unspecified || a.AddressFamily == family)];
        if (ofFamily.Length == 0)
            return ([], new TrackerFailure(TrackerFailureKind.Unreachable, $"{url.Host} has no {(family == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4")} address."));
        IPAddress[] outward = [.. ofFamily.Where(a => options.Reach(a) >= least)];
        if (outward.Length == 0)
            return ([], Forbidden($"The tracker redirected from the {Name(least)} to the {Name(options.Reach(ofFamily[0]))} ({TrackerUrl.ForDisplay(url)})."));
        IPAddress[] allowed = [.. outward.Where(a => options.Reach(a) != AddressReach.Loopback || url.AbsolutePath == trackerPath)];
        return allowed.Length == 0
            ? ([], Forbidden($"A tracker on this machine is asked only at {trackerPath}."))
            : ([.. allowed.Take(options.MaxAddresses)], null);
    }

    /// <summary>Behind a proxy the name itself is all that can be judged.</summary>
    private static (IPAddress[] Addresses, TrackerFailure? Failure) AllowName(Uri url, AddressReach least, string trackerPath)
    {
        AddressReach reach = ProxiedName.Reach(url.DnsSafeHost);
        if (reach < least)
            return ([], Forbidden($"The tracker redirected from the {Name(least)} to the {Name(reach)} ({TrackerUrl.ForDisplay(url)})."));
        return reach == AddressReach.Loopback && url.AbsolutePath != trackerPath
            ? ([], Forbidden($"A tracker on this machine is asked only at {trackerPath}."))
            : ([], null);
    }

    internal static TrackerFailure Forbidden(string message) => new(TrackerFailureKind.Forbidden, message);

    private bool CanBind(IPAddress address) =>
        options.Proxy is not null || options.Bind is not { } bind || bind.Equals(IPAddress.IPv6Any) || bind.AddressFamily == address.AddressFamily;

    private static string Name(AddressReach reach) => reach switch
    {
        AddressReach.Global => "Internet",
        AddressReach.Private => "local network",
        _ => "user's own machine",
    };
}
