using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace Compeer.Protocols.PortMapping;

/// <summary>
/// The search for routers: sends the questions, and holds the places of descriptions that may be fetched, the default gateway's
/// first. Believes nobody outside the local network and nobody who points elsewhere (<see cref="DeviceUrl"/>).
/// </summary>
internal sealed class IgdSearch(IgdOptions options, PortMappingLink link)
{
    private const int MaxPlaces = 8;

    private readonly List<Uri> _places = [];
    private readonly HashSet<Uri> _seen = [];
    private int _round;
    private int _target;
    private Instant? _deadline;
    private string? _refusal;

    /// <summary>When the next question is due or the search ends; null when none runs.</summary>
    public Instant? NextDeadline => _deadline;

    /// <summary>Whether questions remain to be sent.</summary>
    public bool IsAsking => _deadline is not null && _round < options.SearchRounds;

    /// <summary>Why nothing was found, in words, without a full stop.</summary>
    public string Failure => _refusal is null ? "no router answered the search" : $"no router answered the search; {_refusal}";

    /// <summary>Starts over, with nothing known.</summary>
    public void Begin(Instant now)
    {
        _places.Clear();
        _seen.Clear();
        _round = _target = 0;
        _refusal = null;
        _deadline = now;
    }

    /// <summary>Ends it; what comes later is not believed.</summary>
    public void End() => _deadline = null;

    /// <summary>Writes the next question, if one is due.</summary>
    public bool TryTransmit(IBufferWriter<byte> output, Instant now)
    {
        if (_deadline is not { } due || now < due || _round >= options.SearchRounds)
            return false;
        output.Write(SsdpCodec.WriteSearch(SsdpCodec.RouterTargets[_target], options.AnswerSpreadSeconds));
        if (++_target < SsdpCodec.RouterTargets.Count)
            return true;
        _target = 0;
        _round++;
        _deadline = now + (_round < options.SearchRounds ? options.SearchPause : TimeSpan.FromSeconds(options.AnswerSpreadSeconds + 2));
        return true;
    }

    /// <summary>Takes an answer.</summary>
    public void Receive(IPAddress from, ReadOnlySpan<byte> datagram)
    {
        if (_deadline is null || !SsdpCodec.TryReadAnswer(datagram, out SsdpAnswer? answer))
            return;
        if (!DeviceUrl.TryAcceptLocation(answer.Location, from, link, out Uri? place, out string? refusal))
        {
            _refusal = refusal;
            return;
        }
        if (_seen.Count >= MaxPlaces || !_seen.Add(place))
            return;
        if (from.Equals(link.Gateway))
            _places.Insert(0, place);
        else
            _places.Add(place);
    }

    /// <summary>Takes the place of a description to be fetched.</summary>
    public bool TryNext([NotNullWhen(true)] out Uri? place)
    {
        place = _places.Count > 0 ? _places[0] : null;
        if (place is not null)
            _places.RemoveAt(0);
        return place is not null;
    }

    /// <summary>Whether the last answers should have come by now.</summary>
    public bool IsOver(Instant now) => _deadline is not { } due || (_round >= options.SearchRounds && now >= due);
}
