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

    private readonly Queue<(NodeEndPoint Voter, NodeEndPoint Claimed)> _votes = new();

    /// <summary>The address that is believed, with port 0; null before enough agree.</summary>
    public NodeEndPoint? Winner { get; private set; }

    /// <summary>Takes a vote; true when the believed address changed by it.</summary>
    public bool Vote(NodeEndPoint voter, NodeEndPoint claimed)
    {
        if (claimed.IsV6 != voter.IsV6 || !(claimed with { Port = 1 }).IsPlausible)
            return false;
        NodeEndPoint ballot = voter.IsLocal ? voter.Host : voter.Network;
        for (int i = _votes.Count; i > 0; i--)
        {
            (NodeEndPoint other, NodeEndPoint address) = _votes.Dequeue();
            if (other != ballot)
                _votes.Enqueue((other, address));
        }
        if (_votes.Count >= MaxVotes)
            _votes.Dequeue();
        _votes.Enqueue((ballot, claimed.Host));
        int agreeing = _votes.Count(v => v.Claimed == claimed.Host);
        if (agreeing < Quorum || agreeing * 2 <= _votes.Count || Winner == claimed.Host)
            return false;
        Winner = claimed.Host;
        return true;
    }
}
