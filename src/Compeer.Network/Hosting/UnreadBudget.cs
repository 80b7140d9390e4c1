namespace Compeer.Network.Hosting;

/// <summary>What one connection holds for readers that have not come, counted in the scopes of its peer and of the host. Thread-safe.</summary>
internal sealed class UnreadBudget(ResourceScopes scopes, ResourceScopes.PeerScope peer)
{
    /// <summary>What any connection may hold, however little is left for others.</summary>
    private const int AlwaysBytes = 1 << 20;

    /// <summary>Notes that what the connection holds has changed; false when it has to give way.</summary>
    public bool TryNote(int before, int after) => scopes.TryNoteUnread(peer, after - before) || after <= AlwaysBytes || after <= before;
}
