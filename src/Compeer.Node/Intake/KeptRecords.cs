using Compeer.Node.Security;
using Compeer.Node.State;

namespace Compeer.Node.Intake;

/// <summary>Records of one kind in the state, under ids of their own. Thread-safe.</summary>
/// <param name="state">Where they are.</param>
/// <param name="prefix">What their keys begin with.</param>
/// <param name="max">How many there may be.</param>
internal sealed class KeptRecords<T>(StateStore state, string prefix, int max)
    where T : class
{
    private readonly Lock _changing = new();
    private volatile IReadOnlyList<(string Id, T Value)>? _all;

    /// <summary>All, in the order of their ids. The state is searched for them after a change only: it holds a record of every torrent too.</summary>
    public IReadOnlyList<(string Id, T Value)> All
    {
        get
        {
            if (_all is { } known)
                return known;
            lock (_changing)
                return _all ??= [.. state.All<T>(prefix)];
        }
    }

    /// <summary>The record of an id; null when there is none.</summary>
    public T? Find(string id) => state.Get<T>(prefix + id);

    /// <summary>Keeps a new one; its id.</summary>
    /// <exception cref="NodeException">There are too many, or the disk refuses.</exception>
    public string Add(T value)
    {
        lock (_changing)
        {
            if (state.Count(prefix) >= max)
                throw new NodeException(NodeFailure.Usage, $"There are {max} already. Remove some first.");
            string id = Secrets.Make()[..12];
            state.Put(prefix + id, value);
            _all = null;
            return id;
        }
    }

    /// <summary>Changes one; null when there is none any more.</summary>
    /// <exception cref="NodeException">The disk refuses; nothing changed.</exception>
    public T? Update(string id, Func<T, T> change)
    {
        lock (_changing)
        {
            if (Find(id) is not { } before)
                return null;
            T next = change(before);
            if (next != before && !state.Replace(prefix + id, next))
                return null;
            _all = null;
            return next;
        }
    }

    /// <summary>Forgets one; false when there was none.</summary>
    /// <exception cref="NodeException">The disk refuses; nothing changed.</exception>
    public bool Remove(string id)
    {
        lock (_changing)
        {
            if (Find(id) is null)
                return false;
            state.Remove(prefix + id);
            _all = null;
            return true;
        }
    }
}
