using System.Net;

namespace Compeer.Protocols.HolePunching;

/// <summary>Counts the dials we make on others' word, so that nobody can turn us against a third party.</summary>
internal sealed class PunchLimits(HolePunchingOptions options)
{
    private readonly Dictionary<IPAddress, Queue<Instant>> _byAddress = [];
    private readonly Queue<Instant> _all = new();

    /// <summary>Counts one more dial; false when it would be too many.</summary>
    public bool TryTake(IPAddress address, Instant now)
    {
        Expire(_all, now - TimeSpan.FromMinutes(1));
        if (_all.Count >= options.MaxPunchesPerMinute)
            return false;
        IPAddress network = NetworkOf(address);
        if (!_byAddress.TryGetValue(network, out Queue<Instant>? times))
        {
            if (_byAddress.Count >= options.MaxCountedAddresses && !TryForget(now))
                return false;
            _byAddress[network] = times = new Queue<Instant>(options.MaxPunchesPerAddress);
        }
        Expire(times, now - options.AddressWindow);
        if (times.Count >= options.MaxPunchesPerAddress)
            return false;
        times.Enqueue(now);
        _all.Enqueue(now);
        return true;
    }

    private bool TryForget(Instant now)
    {
        foreach ((IPAddress address, Queue<Instant> times) in _byAddress.ToArray())
        {
            Expire(times, now - options.AddressWindow);
            if (times.Count == 0)
                _byAddress.Remove(address);
        }
        return _byAddress.Count < options.MaxCountedAddresses;
    }

    private static void Expire(Queue<Instant> times, Instant before)
    {
        while (times.Count > 0 && times.Peek() < before)
            times.Dequeue();
    }

    private static IPAddress NetworkOf(IPAddress address)
    {
        byte[] bytes = address.GetAddressBytes();
        if (bytes.Length == 4)
            return address;
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }
}
