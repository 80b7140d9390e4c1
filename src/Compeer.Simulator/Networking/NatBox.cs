using System.Net;
using Compeer.Protocols;
using Compeer.Simulator.Randomness;

namespace Compeer.Simulator.Networking;

/// <summary>
/// A NAT with one outer address. Hosts behind one box reach each other directly by their inner addresses; nobody behind it
/// reaches another there by the outer address (no hairpin), as with plain masquerading.
/// </summary>
/// <remarks>Spec: RFC 4787.</remarks>
public sealed class NatBox
{
    private const int FirstPort = 1024;
    private const int PurgeEvery = 256;

    private readonly Dictionary<(EndPointKey Inner, EndPointKey Remote), NatMapping> _byInner = [];
    private readonly Dictionary<int, NatMapping> _byPort = [];
    private readonly Dictionary<(int Port, EndPointKey Remote), Instant> _permitted = [];
    private readonly Dictionary<EndPointKey, VirtualHost> _inside = [];
    private readonly SeededRandom _random;
    private int _untilPurge = PurgeEvery;

    internal NatBox(NatKind kind, IPAddress address, TimeSpan timeout, int site, Seed seed)
    {
        Kind = kind;
        Address = address;
        Timeout = timeout;
        Site = site;
        _random = new SeededRandom(seed);
    }

    /// <summary>How it maps and filters.</summary>
    public NatKind Kind { get; }

    /// <summary>Its outer address.</summary>
    public IPAddress Address { get; }

    /// <summary>A mapping or permission that nothing from the inside used for so long is gone.</summary>
    public TimeSpan Timeout { get; }

    /// <summary>Mappings in the table, with those that have timed out but were not purged yet.</summary>
    public int MappingCount => _byPort.Count;

    internal int Site { get; }

    internal void Add(VirtualHost host)
    {
        if (!_inside.TryAdd(host.Key, host))
            throw new ArgumentException($"{host.EndPoint} is taken behind {Address}.", nameof(host));
    }

    internal VirtualHost? Inside(in EndPointKey inner) => _inside.GetValueOrDefault(inner);

    /// <summary>Maps a sender on its way out and permits the answer.</summary>
    internal NatMapping Outbound(VirtualHost host, in EndPointKey remote, Instant now)
    {
        if (--_untilPurge <= 0)
            Purge(now);
        (EndPointKey, EndPointKey) key = (host.Key, Kind == NatKind.Symmetric ? remote : default);
        if (_byInner.TryGetValue(key, out NatMapping? mapping) && mapping.LastUsed + Timeout <= now)
        {
            Forget(key, mapping);
            mapping = null;
        }
        if (mapping is null)
        {
            int port = ChoosePort(host.EndPoint.Port, now);
            mapping = new NatMapping(host, new IPEndPoint(Address, port));
            _byInner[key] = mapping;
            _byPort[port] = mapping;
        }
        mapping.LastUsed = now;
        _permitted[(mapping.Outer.Port, remote)] = now;
        return mapping;
    }

    /// <summary>The host that a datagram from outside is for; null when it is filtered.</summary>
    internal VirtualHost? Inbound(int port, in EndPointKey remote, Instant now) =>
        _byPort.TryGetValue(port, out NatMapping? mapping) && mapping.LastUsed + Timeout > now
        && _permitted.TryGetValue((port, remote), out Instant last) && last + Timeout > now
            ? mapping.Host
            : null;

    private int ChoosePort(int wanted, Instant now)
    {
        if (Kind == NatKind.PortKeeping && IsFree(wanted, now))
            return wanted;
        while (true)
        {
            int port = _random.Next(FirstPort, 65_536);
            if (IsFree(port, now))
                return port;
        }
    }

    private bool IsFree(int port, Instant now)
    {
        if (!_byPort.TryGetValue(port, out NatMapping? holder))
            return true;
        if (holder.LastUsed + Timeout > now)
            return false;
        Purge(now);
        return true;
    }

    private void Forget((EndPointKey, EndPointKey) key, NatMapping mapping)
    {
        _byInner.Remove(key);
        _byPort.Remove(mapping.Outer.Port);
    }

    private void Purge(Instant now)
    {
        foreach (((EndPointKey, EndPointKey) key, NatMapping mapping) in _byInner)
        {
            if (mapping.LastUsed + Timeout <= now)
                Forget(key, mapping);
        }
        foreach (((int, EndPointKey) key, Instant last) in _permitted)
        {
            if (last + Timeout <= now)
                _permitted.Remove(key);
        }
        _untilPurge = Math.Max(PurgeEvery, _permitted.Count);
    }
}
