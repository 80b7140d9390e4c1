namespace Compeer.Protocols.PortMapping;

/// <summary>
/// The gateway's own count of seconds, from which one sees that it has lost its mappings: it restarted, or another one answers.
/// Spec: RFC 6886 section 3.6; RFC 6887 section 8.5.
/// </summary>
internal sealed class ServerEpoch
{
    private Instant _heardAt;
    private uint _seconds;
    private bool _known;

    /// <summary>Takes the epoch of a NAT-PMP answer; false when it is behind what has passed since the last, by more than clocks differ.</summary>
    public bool ContinuesNatPmp(uint seconds, Instant now)
    {
        bool first = !_known;
        double expected = _seconds + ((now - _heardAt).TotalSeconds * 7 / 8);
        Remember(seconds, now);
        return first || seconds >= expected - 2;
    }

    /// <summary>Takes the epoch of a PCP answer; false when our clock and the server's disagree about the time that has passed.</summary>
    public bool ContinuesPcp(uint seconds, Instant now)
    {
        bool first = !_known, backwards = seconds + 1L < _seconds;
        double client = (now - _heardAt).TotalSeconds, server = (double)seconds - _seconds;
        Remember(seconds, now);
        return first
            || (!backwards && client + 2 >= server - (server / 16) && server + 2 >= client - (client / 16));
    }

    private void Remember(uint seconds, Instant now)
    {
        _known = true;
        _seconds = seconds;
        _heardAt = now;
    }
}
