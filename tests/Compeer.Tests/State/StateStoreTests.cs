using System.Text;
using Compeer.Formats.Hashing;
using Compeer.Node;
using Compeer.Node.Intake;
using Compeer.Node.Security;
using Compeer.Node.State;
using Compeer.Node.Torrents;

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
            store.Put("note/a", Note("one\nline", 1));
            store.Put("note/b", Note("\u202ebidi \"quoted\"", 2));
            store.Put("note/a", Note("changed", 3));
            store.Put("note/c", Note("gone", 4));
            store.Remove("note/c");
        }
        using var again = StateStore.Open(StatePath);
        Assert.Equal([("a", Note("changed", 3)), ("b", Note("\u202ebidi \"quoted\"", 2))], again.All<TakerRecord>("note/"));
        Assert.Equal(0, again.DamagedLines);
    }

    [Fact]
    public void A_file_cut_at_any_byte_keeps_every_line_before_the_cut()
    {
        using (var store = StateStore.Open(StatePath))
        {
            for (int i = 0; i < 5; i++)
                store.Put($"note/{i}", Note("text", i));
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
                store.Put("note/new", Note("after", cut));
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
                store.Put($"note/{i}", Note("text", i));
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

    /// <summary>A line that an earlier program wrote may lack any property, and lists of it are empty then.</summary>
    [Fact]
    public void Lists_that_a_line_does_not_name_are_empty()
    {
        var lines = new Dictionary<string, string>
        {
            ["torrent/a"] = """{"directory":"/films"}""", ["watch/a"] = """{"path":"/in"}""", ["feed/a"] = """{"url":"http://a.example/"}""", ["takers/a"] = "{}",
        };
        File.WriteAllText(StatePath, "compeer-state 1\n" + string.Concat(lines.Select(l => Encoding.UTF8.GetString(ChecksummedLine.Format(Encoding.UTF8.GetBytes($$"""{"k":"{{l.Key}}","v":{{l.Value}}}"""))))));
        using var store = StateStore.Open(StatePath);
        Assert.Equal(0, store.DamagedLines);
        TorrentRecord torrent = store.Get<TorrentRecord>("torrent/a")!;
        Assert.Equal(("/films", "", null, false), (torrent.Directory, string.Concat(torrent.Trackers.Concat(torrent.WebSeeds).Concat(torrent.LinkPeers).Concat(torrent.Labels)), torrent.Priorities, torrent.Paused));
        WatchFolder folder = store.Get<WatchFolder>("watch/a")!;
        Assert.Empty(folder.Labels.Concat(folder.Done));
        Feed feed = store.Get<Feed>("feed/a")!;
        Assert.Equal((0, 0, 0), (feed.Rules.Length, feed.Done.Length, feed.EveryMinutes));
        Assert.Empty(store.Get<TakersRecord>("takers/a")!.Takers);
    }

    /// <summary>Earlier and later programs read what this one writes.</summary>
    [Fact]
    public void Values_stand_in_the_file_as_they_always_did()
    {
        var at = new DateTimeOffset(2026, 11, 1, 10, 0, 0, 500, TimeSpan.Zero);
        using var store = StateStore.Open(StatePath);
        store.Put("torrent", new TorrentRecord
        {
            V1 = new string('c', 40), V2 = new string('d', 64), Name = "a \"film\" é<>", Size = 5000, Files = 3, Directory = "/films", MovingTo = "/else", MoveProblem = "no room",
            Trackers = ["http://t.example/a"], WebSeeds = ["http://w.example/"], LinkPeers = ["127.0.0.1:9"], AddedAt = at, CompletedAt = at.AddHours(1), Labels = ["x", "y"],
            Paused = true, Preview = true, Sequential = true, UpLimit = 1, DownLimit = 2, Priorities = "nsh", Downloaded = 4000, Uploaded = 7000,
        });
        store.Put("few", new TorrentRecord { V1 = new string('c', 40), Directory = "/films" });
        store.Put("takers", new TakersRecord { Takers = [new TakerRecord("127.0.0.1", "a client", 7, at)] });
        store.Put("key", new ApiKey("tool", Scope.Add, "abcd", at));
        store.Put("password", new PasswordHash(600_000, "c2FsdA==", "aGFzaA=="));
        store.Put("limits", new AlternateLimits(0, 5, true));
        store.Put("watch", new WatchFolder { Path = "/in", Directory = "/out", Labels = ["x"], Paused = true, Added = 3, Done = ["a 1 2"] });
        store.Put("feed", new Feed
        {
            Url = "http://a.example/", EveryMinutes = 30, Rules = [new FeedRule("a*", null, "/out", ["x"]), new FeedRule("", "b", null, [])], Changes = 1, Title = "news",
            LastChecked = at, Error = "none", Added = 2, Done = ["00ff"], ETag = "\"e\"", LastModified = "then",
        });
        Assert.Equal(
        [
            ("feed", """{"url":"http://a.example/","everyMinutes":30,"rules":[{"match":"a*","directory":"/out","labels":["x"]},{"match":"","exclude":"b","labels":[]}],"changes":1,"title":"news","lastChecked":"2026-11-01T10:00:00.5+00:00","error":"none","added":2,"done":["00ff"],"eTag":"\u0022e\u0022","lastModified":"then"}"""),
            ("few", """{"v1":"cccccccccccccccccccccccccccccccccccccccc","directory":"/films","trackers":[],"webSeeds":[],"linkPeers":[],"labels":[]}"""),
            ("key", """{"name":"tool","scope":2,"digest":"abcd","createdAt":"2026-11-01T10:00:00.5+00:00"}"""),
            ("limits", """{"down":5,"enabled":true}"""),
            ("password", """{"rounds":600000,"salt":"c2FsdA==","hash":"aGFzaA=="}"""),
            ("takers", """{"takers":[{"address":"127.0.0.1","client":"a client","bytes":7,"seenAt":"2026-11-01T10:00:00.5+00:00"}]}"""),
            ("torrent", """{"v1":"cccccccccccccccccccccccccccccccccccccccc","v2":"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd","name":"a \u0022film\u0022 \u00E9\u003C\u003E","size":5000,"files":3,"directory":"/films","movingTo":"/else","moveProblem":"no room","trackers":["http://t.example/a"],"webSeeds":["http://w.example/"],"linkPeers":["127.0.0.1:9"],"addedAt":"2026-11-01T10:00:00.5+00:00","completedAt":"2026-11-01T11:00:00.5+00:00","labels":["x","y"],"paused":true,"preview":true,"sequential":true,"upLimit":1,"downLimit":2,"priorities":"nsh","downloaded":4000,"uploaded":7000}"""),
            ("watch", """{"path":"/in","directory":"/out","labels":["x"],"paused":true,"added":3,"done":["a 1 2"]}"""),
        ], store.All(""));
    }

    [Fact]
    public void The_file_does_not_grow_with_the_number_of_changes()
    {
        using (var store = StateStore.Open(StatePath))
        {
            for (int i = 0; i < 10; i++)
                store.Put($"note/{i}", Note("", i));
            for (int i = 10; i < 20_000; i++)
                store.Replace($"note/{i % 10}", Note(new string('x', 100), i), durable: false);
        }
        Assert.True(new FileInfo(StatePath).Length < 1 << 20);
        using var again = StateStore.Open(StatePath);
        Assert.Equal(Enumerable.Range(19_990, 10), again.All<TakerRecord>("note/").Select(n => (int)n.Value.Bytes).Order());
    }

    [Fact]
    public void What_was_removed_is_not_replaced()
    {
        using (var store = StateStore.Open(StatePath))
        {
            store.Put("note/a", Note("here", 1));
            Assert.True(store.Replace("note/a", Note("still", 2)));
            store.Remove("note/a");
            Assert.False(store.Replace("note/a", Note("back", 3)));
            Assert.Null(store.Get<TakerRecord>("note/a"));
        }
        using var again = StateStore.Open(StatePath);
        Assert.Empty(again.All("note/"));
    }

    [Fact]
    public void Values_are_found_again_in_the_file_whatever_their_length_and_keys()
    {
        string hash = new('a', 40), other = hash.ToUpperInvariant();
        var notes = new Dictionary<string, TakerRecord>
        {
            ["note/" + hash] = Note("small letters", 1),
            ["note/" + other] = Note("great letters", 2),
            ["note/" + hash + "/more"] = Note("behind", 3),
            ["other/" + hash] = Note("elsewhere", 4),
            ["note/long"] = Note(string.Concat(Enumerable.Repeat("häß€𝄞\n\"}", 40_000)), 5),
            ["note/last"] = Note("x", 6),
        };
        using (var store = StateStore.Open(StatePath))
        {
            foreach ((string key, TakerRecord note) in notes)
                store.Put(key, note);
            Same(store);
        }
        File.WriteAllText(StatePath, File.ReadAllText(StatePath).Replace("\n", "\r\n", StringComparison.Ordinal));
        using var again = StateStore.Open(StatePath);
        Same(again);
        Assert.Equal((5, 1), (again.Count("note/"), again.Count("other/")));
        Assert.Equal(notes.Keys.Where(k => k.StartsWith("note/", StringComparison.Ordinal)).Order(StringComparer.Ordinal), again.All("note/").Select(n => "note/" + n.Key));

        void Same(StateStore store) => Assert.All(notes, note => Assert.Equal(note.Value, store.Get<TakerRecord>(note.Key)));
    }

    private static TakerRecord Note(string text, long number) => new(text, "", number, default);
}
