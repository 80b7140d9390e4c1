namespace Compeer.Protocols.MainlineDht;

/// <summary>
/// What others say our address is. One network has one vote at a time; an address is believed when at least
/// <see cref="Quorum"/> votes and more than half of all name it. Holds the last 32 votes.
/// </summary>
public sealed class AddressVotes
{
    /// <summary>Votes that must agree.</summary>
    public const int Quorum = 4;

    private const int MaxVotes = 32;

    // What everybody says is heard now and then only: every answer is a vote.
    private const int ConfirmationsHeard = 8;

    private readonly (NodeEndPoint Voter, NodeEndPoint Claimed)[] _votes = new (NodeEndPoint, NodeEndPoint)[MaxVotes];
    private int _count;
    private int _oldest;
    private int _confirmations;

    /// <summary>The address that is believed, with port 0; null before enough agree.</summary>
    public NodeEndPoint? Winner { get; private set; }

    /// <summary>Whether a vote only says what is believed already, and is not one of the few such that are heard all the same.</summary>
    public bool IsRepetition(NodeEndPoint claimed) => Winner == claimed.Host && ++_confirmations % ConfirmationsHeard != 0;

    /// <summary>Takes a vote; true when the believed address changed by it.</summary>
    public bool Vote(NodeEndPoint voter, NodeEndPoint claimed)
    {
        if (claimed.IsV6 != voter.IsV6 || !(claimed with { Port = 1 }).IsPlausible)
            return false;
        NodeEndPoint ballot = voter.IsLocal ? voter.Host : voter.Network;
        NodeEndPoint host = claimed.Host;
        int agreeing = 1;
        int at = -1;
        for (int i = 0; i < _count; i++)
        {
            if (_votes[i].Voter == ballot)
                at = i;
            else if (_votes[i].Claimed == host)
                agreeing++;
        }
        if (at < 0)
            at = NewPlace(host, ref agreeing);
        _votes[at] = (ballot, host);
        if (agreeing < Quorum || agreeing * 2 <= _count || Winner == host)
            return false;
        Winner = host;
        return true;
    }

    private int NewPlace(NodeEndPoint host, ref int agreeing)
    {
        if (_count < MaxVotes)
            return _count++;
        int at = _oldest;
        _oldest = (_oldest + 1) % MaxVotes;
        if (_votes[at].Claimed == host)
            agreeing--;
        return at;
    }
}
