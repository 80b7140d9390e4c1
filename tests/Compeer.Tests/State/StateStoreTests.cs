using Compeer.Node;
using Compeer.Node.State;

namespace Compeer.Tests.State;

public sealed class StateStoreTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("compeer-state-").FullName;

    private string StatePath => Path.Combine(_folder, "node.state");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_was_put_is_there_after_a_restart()
    {
        using (var store = StateStore.Open(StatePath))
        {
            store.Put("note/a", new Note("one\nline", 1));
            store.Put("note/b", new Note("\u202ebidi \"quoted\"", 2));
            store.Put("note/a", new Note("changed", 3));
            store.Put("note/c", new Note("gone", 4));
            store.Remove("note/c");
        }
        using var again = StateStore.Open(StatePath);
        Assert.Equal([("a", new Note("changed", 3)), ("b", new Note("\u202ebidi \"quoted\"", 2))], again.All<Note>("note/"));
        Assert.Equal(0, again.DamagedLines);
    }

    [Fact]
    public void A_file_cut_at_any_byte_keeps_every_line_before_the_cut()
    {
        using (var store = StateStore.Open(StatePath))
        {
            for (int i = 0; i < 5; i++)
                store.Put($"note/{i}", new Note("text", i));
        }
        byte[] whole = File.ReadAllBytes(StatePath);
        for (int cut = 0; cut <= whole.Length; cut++)
        {
            File.WriteAllBytes(StatePath, whole[..cut]);
            // A line counts when all of it but its end is there.
            int lines = whole[..cut].Count(b => b == '\n') - 1 + (cut < whole.Length && whole[cut] == '\n' ? 1 : 0);
            using (var store = StateStore.Open(StatePath))
            {
                Assert.Equal(Math.Max(0, lines), store.All("note/").Count);
                store.Put("note/new", new Note("after", cut));
            }
            using var again = StateStore.Open(StatePath);
            Assert.Equal(Math.Max(0, lines) + 1, again.All("note/").Count);
        }
    }

    [Fact]
    public void A_damaged_line_costs_itself_and_the_file_is_kept_beside()
    {
        using (var store = StateStore.Open(StatePath))
        {
            for (int i = 0; i < 5; i++)
                store.Put($"note/{i}", new Note("text", i));
        }
        byte[] whole = File.ReadAllBytes(StatePath);
        whole[whole.Length / 2] ^= 1;
        File.WriteAllBytes(StatePath, whole);
        using var again = StateStore.Open(StatePath);
        Assert.Equal(1, again.DamagedLines);
        Assert.Equal(4, again.All("note/").Count);
        Assert.Equal(whole, File.ReadAllBytes(StatePath + ".damaged"));
    }

    [Fact]
    public void What_a_newer_program_wrote_is_left_alone()
    {
        File.WriteAllText(StatePath, "compeer-state 2\nwho knows\n");
        NodeException e = Assert.Throws<NodeException>(() => StateStore.Open(StatePath));
        Assert.Equal(NodeFailure.Usage, e.Failure);
        Assert.Contains("newer", e.Message, StringComparison.Ordinal);
        Assert.Equal("compeer-state 2\nwho knows\n", File.ReadAllText(StatePath));
    }

    /// <summary>As the first version wrote it: before files were counted, moves were remembered, and takers.</summary>
    [Fact]
    public void What_an_earlier_program_wrote_is_read_and_goes_on()
    {
        const string Line = """f912c8bc {"k":"torrent/cccccccccccccccccccccccccccccccccccccccc","v":{"v1":"cccccccccccccccccccccccccccccccccccccccc","name":"a film","size":5000,"directory":"/films","trackers":["http://t.example/announce"],"webSeeds":[],"linkPeers":[],"addedAt":"2026-11-01T10:00:00+00:00","labels":["old"],"paused":true,"upLimit":1000,"priorities":"nsh","downloaded":4000,"uploaded":7000}}""";
        File.WriteAllText(StatePath, $"compeer-state 1\n{Line}\n");
        string key = "torrent/" + new string('c', 40);
        using (var store = StateStore.Open(StatePath))
        {
            Assert.Equal(0, store.DamagedLines);
            TorrentRecord record = store.Get<TorrentRecord>(key)!;
            Assert.Equal(("a film", 5000L, "/films", true, 1000L, "nsh", 4000L, 7000L), (record.Name, record.Size, record.Directory, record.Paused, record.UpLimit, record.Priorities, record.Downloaded, record.Uploaded));
            Assert.Equal("old", Assert.Single(record.Labels));
            Assert.Equal((0, null), (record.Files, record.MovingTo));
            Assert.True(store.Replace(key, record with { Files = 3, MovingTo = "/elsewhere" }));
        }
        using var again = StateStore.Open(StatePath);
        Assert.Equal((3, "/elsewhere", "a film"), again.Get<TorrentRecord>(key) is { } later ? (later.Files, later.MovingTo, later.Name) : default);
    }

    [Fact]
    public void The_file_does_not_grow_with_the_number_of_changes()
    {
        using (var store = StateStore.Open(StatePath))
        {
            for (int i = 0; i < 10; i++)
                store.Put($"note/{i}", new Note("", i));
            for (int i = 10; i < 20_000; i++)
                store.Replace($"note/{i % 10}", new Note(new string('x', 100), i), durable: false);
        }
        Assert.True(new FileInfo(StatePath).Length < 1 << 20);
        using var again = StateStore.Open(StatePath);
        Assert.Equal(Enumerable.Range(19_990, 10), again.All<Note>("note/").Select(n => n.Value.Number).Order());
    }

    [Fact]
    public void What_was_removed_is_not_replaced()
    {
        using (var store = StateStore.Open(StatePath))
        {
            store.Put("note/a", new Note("here", 1));
            Assert.True(store.Replace("note/a", new Note("still", 2)));
            store.Remove("note/a");
            Assert.False(store.Replace("note/a", new Note("back", 3)));
            Assert.Null(store.Get<Note>("note/a"));
        }
        using var again = StateStore.Open(StatePath);
        Assert.Empty(again.All("note/"));
    }

    [Fact]
    public void Values_are_found_again_in_the_file_whatever_their_length_and_keys()
    {
        string hash = new('a', 40), other = hash.ToUpperInvariant();
        var notes = new Dictionary<string, Note>
        {
            ["note/" + hash] = new("small letters", 1),
            ["note/" + other] = new("great letters", 2),
            ["note/" + hash + "/more"] = new("behind", 3),
            ["other/" + hash] = new("elsewhere", 4),
            ["note/long"] = new(string.Concat(Enumerable.Repeat("häß€𝄞\n\"}", 40_000)), 5),
            ["note/last"] = new("x", 6),
        };
        using (var store = StateStore.Open(StatePath))
        {
            foreach ((string key, Note note) in notes)
                store.Put(key, note);
            Same(store);
        }
        File.WriteAllText(StatePath, File.ReadAllText(StatePath).Replace("\n", "\r\n", StringComparison.Ordinal));
        using var again = StateStore.Open(StatePath);
        Same(again);
        Assert.Equal((5, 1), (again.Count("note/"), again.Count("other/")));
        Assert.Equal(notes.Keys.Where(k => k.StartsWith("note/", StringComparison.Ordinal)).Order(StringComparer.Ordinal), again.All("note/").Select(n => "note/" + n.Key));

        void Same(StateStore store) => Assert.All(notes, note => Assert.Equal(note.Value, store.Get<Note>(note.Key)));
    }

    private sealed record Note(string Text, int Number);
}
