namespace Compeer.Protocols.NeighbourSearch;

// Walkers: each asks its origin now and then whether to go on, so that the origin knows which are lost, and where they were last.
public sealed partial class SearchNode<TPeer>
{
    /// <summary>After so many losses in a row, the place that a walker goes on from is given up.</summary>
    private const int MostInARow = 2;

    /// <summary>Sends walkers, each of which goes from neighbour to neighbour until somebody has answered.</summary>
    /// <returns>The search's number.</returns>
    public ulong Walk(ulong item, int walkers, int steps, Instant now)
    {
        OwnSearch<TPeer> search = NewSearch(item, steps, steps, walkers);
        if (TryFind(item, out TPeer known))
        {
            OnHit(new SearchMessage<TPeer>(SearchMessageKind.Hit, search.Query, item, 0, 0, known), now);
            return search.First;
        }
        // Without a neighbour they are lost at once, and sent again when there may be one.
        for (int i = 0; i < walkers; i++)
            Send(search, new OwnSearch<TPeer>.Walker(null, FromHere(search, Math.Min(steps, _options.MaxWalk)), now, 0, 0));
        search.Deadline = now + _options.WalkerPatience;
        return search.First;
    }

    private SearchMessage<TPeer> FromHere(OwnSearch<TPeer> search, int steps) => new(SearchMessageKind.Walk, NewQuery(), search.Item, steps, 0, Self);

    private void Send(OwnSearch<TPeer> search, in OwnSearch<TPeer>.Walker walker)
    {
        search.Walks[walker.Message.Query] = walker;
        if (walker.At is { } at)
            _outbox.Enqueue((at, walker.Message));
        else
            Step(walker.Message, except: null);
    }

    private void OnMayGoOn(TPeer from, in SearchMessage<TPeer> message, Instant now)
    {
        if (Find(message.Query) is not { IsFound: false } search || !search.Walks.TryGetValue(message.Query, out OwnSearch<TPeer>.Walker walker))
            return;
        SearchMessage<TPeer> goOn = message with { Kind = SearchMessageKind.GoOn, Item = search.Item };
        _outbox.Enqueue((from, goOn));
        // One that will not ask again before its end is not waited for.
        search.Walks[message.Query] = walker with { At = from, Message = goOn, Heard = message.TimeToLive > _options.CheckEvery ? now : Instant.Never, InARow = 0 };
    }

    private void OnWalksDeadline(OwnSearch<TPeer> search, Instant now)
    {
        search.Deadline = Instant.Never;
        if (search.IsFound)
        {
            LeavePointers(search);
            return;
        }
        foreach ((ulong query, OwnSearch<TPeer>.Walker lost) in search.Walks.Where(w => w.Value.Heard <= now - _options.WalkerPatience).ToArray())
        {
            search.Walks.Remove(query);
            if (lost.Restarts < _options.WalkerRestarts)
                Restart(search, lost, now);
        }
        if (search.Walks.Count > 0)
            search.Deadline = search.Walks.Values.Min(w => w.Heard) is var oldest && oldest < Instant.Never ? oldest + _options.WalkerPatience : Instant.Never;
    }

    /// <summary>Goes on from where it was last heard of, under a new number, so that one that was only slow does not walk twice.</summary>
    private void Restart(OwnSearch<TPeer> search, in OwnSearch<TPeer>.Walker lost, Instant now)
    {
        bool isPlaceGood = lost.At is not null && lost.InARow < MostInARow;
        SearchMessage<TPeer> message = isPlaceGood ? lost.Message with { Query = NewQuery() } : FromHere(search, lost.Message.TimeToLive);
        Send(search, new OwnSearch<TPeer>.Walker(isPlaceGood ? lost.At : null, message, now, lost.Restarts + 1, isPlaceGood ? lost.InARow + 1 : 0));
    }

    /// <summary>Notes the nearest hit, of which several walkers may come at the same step; pointers are left when all of them had the time.</summary>
    private void NoteHit(OwnSearch<TPeer> search, in SearchMessage<TPeer> hit, Instant now)
    {
        if (search.Nearest is not { } nearest)
            search.Deadline = now + _options.WalkerPatience;
        else if (hit.Hops > nearest.Hit.Hops)
            return;
        search.Nearest = (hit, search.Nearest is { } same && same.Hit.Hops == hit.Hops ? same.Count + 1 : 1);
    }

    /// <summary>As many as nodes were asked for one hit, or a share of it, spread by as many walks.</summary>
    private void LeavePointers(OwnSearch<TPeer> search)
    {
        if (search.Nearest is not { } nearest)
            return;
        search.Nearest = null;
        double asked = search.Walkers * (double)Math.Clamp(nearest.Hit.Hops, 0, _options.MaxWalk) / nearest.Count;
        int pointers = (int)((asked * _options.PointersPerStep) + _random.NextDouble());
        int walks = Math.Min(pointers, search.Walkers);
        for (int i = 0; i < walks; i++)
        {
            // The remainder goes to the first ones, so that few pointers are as many as they should be.
            int length = (pointers / walks) + (i < pointers % walks ? 1 : 0);
            Step(new SearchMessage<TPeer>(SearchMessageKind.Pointer, search.Query, nearest.Hit.Item, length + 1, 0, nearest.Hit.Origin), except: null);
        }
    }
}
