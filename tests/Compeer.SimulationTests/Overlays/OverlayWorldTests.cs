using Compeer.Simulator.Randomness;
using Compeer.Simulator.Worlds;
using Xunit.Abstractions;

namespace Compeer.SimulationTests.Overlays;

/// <summary>The overlays' worlds, small enough for every run; docs/overlays.md has the figures of the large ones.</summary>
public sealed class OverlayWorldTests(ITestOutputHelper output)
{
    /// <summary>Worlds whose repetition is asserted beside their figures: it takes long however few nodes they have.</summary>
    private static readonly string[] Slow = ["gossipsub-attacks", "kad-dht-churn", "kad-dht-values", "mainline-dht"];

    /// <summary>Worlds that take long with 128 nodes because they measure much, or at two sizes.</summary>
    private static readonly string[] Long = ["chord-failures", "flooding-cost", "kademlia-dead", "kademlia-hostile", "kademlia-sybil", "partition-broadcast", "search-ways"];

    public static TheoryData<string> Names => [.. World.All.Select(w => w.Name).Except(Slow)];

    /// <summary>A hundred thousand nodes in one process; one case at a time, for the memory.</summary>
    private WorldReport RunLarge(string name) => Run(name, 100_000, threads: 1);

    private WorldReport Run(string name, int nodes, ulong seed = 1, int threads = 2)
    {
        WorldReport report = World.All.Single(w => w.Name == name).Run(new WorldOptions(new Seed(seed), nodes) { Threads = threads });
        output.WriteLine(report.ToCsv());
        return report;
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_world_repeats_itself_and_can_be_drawn(string name)
    {
        int nodes = Long.Contains(name) ? 32 : 128;
        WorldReport first = Run(name, nodes), again = Run(name, nodes, threads: 1);
        Assert.Equal(first.TraceDigest, again.TraceDigest);
        Assert.Equal(first.ToCsv(), again.ToCsv());
        Assert.NotEmpty(first.Rows);
        Assert.StartsWith("<svg ", first.ToSvg(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_world_of_the_fewest_nodes_gives_a_table_and_a_drawing(string name)
    {
        WorldReport report = Run(name, 16);
        string[] lines = report.ToCsv().TrimEnd('\n').Split('\n');
        Assert.True(lines.Length >= 2);
        // Commas within quotes do not part cells.
        Assert.Single(lines.Select(l => l.Split('"').Where((_, i) => i % 2 == 0).Sum(part => part.Count(c => c == ','))).Distinct());
        Assert.StartsWith("<svg ", report.ToSvg(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_dht_of_libp2p_finds_providers_while_nodes_come_and_go()
    {
        WorldReport report = Run("kad-dht-churn", 100);
        Assert.Equal(report.TraceDigest, Run("kad-dht-churn", 100, threads: 1).TraceDigest);
        Assert.Equal((100.0, 100.0), (report.Row("at rest: providers")["success %"], report.Row("at rest: closest")["nearest 20 found %"]));
        Assert.True(report.Row("60 min median: providers")["success %"] >= 97);
        Assert.True(report.Row("20 min median: providers")["success %"] >= 90);
        Assert.True(report.Row("20 min median: closest")["nearest 20 found %"] >= 85);
    }

    [Fact]
    public void Values_outlive_their_authors_and_all_their_holders_only_when_holders_say_them_again()
    {
        WorldReport report = Run("kad-dht-values", 48);
        Assert.Equal(report.TraceDigest, Run("kad-dht-values", 48, threads: 1).TraceDigest);
        Assert.Equal((0, 100), (report.Row("holders say nothing")["found %"], report.Row("again after 4 h")["found %"]));
        // Twenty hold each value; when one has said it again, the others need not.
        Assert.InRange(report.Row("again after 4 h")["said again a value and day"], 3, 15);
    }

    [Fact]
    public void Chord_paths_are_half_a_binary_logarithm_long()
    {
        WorldReport report = Run("chord-paths", 1024);
        Assert.Equal(4, report.Rows.Count());
        Assert.All(report.Rows, r => Assert.InRange(r["difference %"], -5, 5));
        Assert.All(report.Rows, r => Assert.Equal(0, r["wrong or failed"]));
    }

    [Fact]
    public void Chord_finds_every_owner_though_half_of_the_nodes_are_dead()
    {
        WorldReport report = Run("chord-failures", 200);
        Assert.All(report.Rows, r => Assert.Equal((0.0, 0.0, 100.0), (r["failed"], r["wrong owner"], r["rings exact %"])));
        Assert.True(report.Row("50 % dead")["timeouts"] > report.Row("10 % dead")["timeouts"]);
    }

    [Fact]
    public void Chord_is_exact_within_log_N_rounds_after_concurrent_joins()
    {
        WorldReport report = Run("chord-joins", 256);
        Assert.All(report.Rows, r => Assert.Equal((100.0, 100.0), (r["ring exact %"], r["lookups right %"])));
        Assert.All(report.Rows, r => Assert.True(r["rounds until exact"] <= r["log2 N"]));
        Assert.All(report.Rows, r => Assert.True(r["owned twice for s"] <= 10 * r["log2 N"]));
        Assert.All(report.Rows, r => Assert.Equal(0, r["owned by none at the end %"]));
    }

    [Fact]
    public void Flooding_costs_the_network_and_tables_spare_the_leaves()
    {
        WorldReport report = Run("flooding-cost", 1000);
        WorldRow flood = report.Row("1 % replicas, flood");
        Assert.True(report.Row("1 % replicas, ring")["messages"] < flood["messages"] / 3);
        Assert.True(report.Row("1 % replicas, walkers")["messages"] < flood["messages"]);
        Assert.InRange(flood["duplicates %"], 35, 75);
        WorldRow without = report.Row("leaves without tables"), with = report.Row("leaves with tables");
        Assert.True(with["to leaves"] < without["to leaves"] / 10);
        Assert.True(with["success %"] >= without["success %"]);
        Assert.True(report.Row("the 4 % best connected gone")["largest part %"] < report.Row("30 % gone by chance")["largest part %"]);
    }

    [Fact]
    public void Pointers_make_searches_cheaper_where_they_follow_what_is_asked_for()
    {
        WorldReport report = Run("search-pointers", 600);
        Assert.True(report.Row("pointers left by searches")["messages"] < report.Row("no pointers")["messages"] / 2);
        Assert.InRange(report.Row("pointers left by searches")["slope"], 0.4, 0.6);
        Assert.True(report.Row("pointers left by searches")["messages"] < report.Row("as many, the same for each")["messages"]);
    }

    [Fact]
    public void Totals_are_whole_again_soon_after_nodes_and_roots_die_and_spare_the_root()
    {
        WorldReport report = Run("scribe-aggregate", 600);
        WorldRow rest = report.Row("at rest");
        Assert.Equal((100.0, 0.0), (rest["worst %"], rest["sum wrong by %"]));
        Assert.True(rest["to the root"] < report.Row("everybody tells the root")["to the root"]);
        Assert.InRange(rest["messages a contributor"], 2, 4);
        foreach (string row in (string[])["10 % dead, 60 s", "10 % dead, 90 s", "root dead, 60 s"])
            Assert.Equal((100.0, 0.0), (report.Row(row)["counted %"], report.Row(row)["missing branches"]));
        Assert.True(report.Row("30 % leave a minute")["counted %"] > 90);
    }

    [Fact]
    public void Nodes_behind_NATs_are_reached_by_broadcasts_where_holes_can_be_punched()
    {
        WorldReport report = Run("nat-broadcast", 300);
        Assert.All(report.Rows.Where(r => !r.Name.Contains("no punching", StringComparison.Ordinal)), r => Assert.InRange(r["reached %"], 95, 100));
        Assert.True(report.Row("80 % behind NATs, no punching")["neighbours"] < report.Row("80 % behind NATs, punching")["neighbours"]);
    }

    [Fact]
    public void Both_sides_of_a_partition_go_on_and_find_together_again()
    {
        WorldReport report = Run("partition-broadcast", 300);
        foreach (WorldRow row in report.Rows)
        {
            Assert.InRange(row["largest part at the end %"], 50, 90);
            Assert.InRange(row["own side reached %"], 95, 100);
            Assert.InRange(row["reached after 5 min %"], row.Name.EndsWith("at rest", StringComparison.Ordinal) ? 100 : 99, 100);
        }
    }

    [Fact]
    public void Ways_to_search_differ_in_cost_and_in_what_an_attacker_hides()
    {
        WorldReport report = Run("search-ways", 1000);
        Assert.True(report.Row("DHT")["messages"] < report.Row("walkers")["messages"]);
        Assert.All(report.Rows.Where(r => !r.Name.Contains("hostile", StringComparison.Ordinal)), r => Assert.True(r["found %"] >= 90));
        Assert.True(report.Row("DHT, 10 % hostile")["forged values refused"] > 0);
        Assert.True(report.Row("DHT, 10 % hostile")["found %"] >= 99);
    }

    [Fact]
    public void Thirty_nodes_do_in_the_simulator_what_thirty_processes_do()
    {
        WorldReport report = Run("lab-nodes", 30);
        foreach (string when in (string[])["30 nodes", "20 are left"])
            Assert.Equal((100.0, 100.0, 100.0), (report.Row(when)["owners right %"], report.Row(when)["broadcasts reached %"], report.Row(when)["found by flood %"]));
    }

    [Fact]
    public void Rumours_leave_out_as_many_as_their_traffic_tells()
    {
        WorldReport report = Run("gossip-rumours", 500);
        Assert.All(report.Rows, r => Assert.InRange(r["residue"], r["e^-traffic"] * 0.6, (r["e^-traffic"] * 1.4) + 0.002));
        Assert.InRange(report.Row("blind/coin, k = 2")["residue"], 0.15, 0.25);
    }

    [Fact]
    public void HyParView_holds_together_when_most_nodes_die()
    {
        WorldReport report = Run("hyparview-failures", 600);
        Assert.InRange(report.Row("50 % dead")["before repair %"], 80, 100);
        Assert.InRange(report.Row("80 % dead")["before repair %"], 0, 60);
        Assert.Equal(100, report.Row("80 % dead")["after 60 s %"]);
        Assert.True(report.Row("90 % dead")["after 60 s %"] > 95);
    }

    [Fact]
    public void Plumtree_reaches_all_with_hardly_a_payload_too_much()
    {
        WorldReport report = Run("plumtree-broadcast", 400);
        Assert.All(report.Rows.Where(r => r.Has("redundancy")), r => Assert.Equal(100, r["reached %"]));
        Assert.True(report.Row("one sender, broadcast 1")["redundancy"] > 1);
        Assert.InRange(report.Row("one sender, broadcast 50")["redundancy"], 0, 0.05);
        Assert.InRange(report.Row("any sender, broadcast 50")["redundancy"], 0, 0.05);
        Assert.True(report.Row("30 % leave a minute")["reached %"] >= 99.9);
    }

    [Fact]
    public void Pastry_brings_messages_to_the_nearest_node_in_few_steps()
    {
        WorldReport report = Run("pastry-hops", 2000);
        WorldRow all = report.Row("N = 2000");
        Assert.Equal((0.0, 0.0), (all["lost"], all["wrong node"]));
        Assert.InRange(all["mean hops"], 2.3, all["log16 N"] + 0.1);
    }

    [Fact]
    public void Pastry_goes_round_dead_nodes_and_repairs()
    {
        WorldReport report = Run("pastry-failures", 600);
        WorldRow before = report.Row("no failures"), dead = report.Row("10 % dead, no repair"), repaired = report.Row("10 % dead, 10 minutes later");
        Assert.Equal((0.0, 0.0), (before["wrong node"], before["lost"]));
        Assert.Equal((0.0, 0.0), (repaired["wrong node"], repaired["lost"]));
        Assert.True(dead["mean hops"] > before["mean hops"]);
        Assert.InRange(repaired["mean hops"], before["mean hops"] - 0.2, before["mean hops"] + 0.05);
    }

    [Fact]
    public void Scribe_reaches_all_members_on_short_ways()
    {
        WorldReport report = Run("scribe-trees", 1000);
        Assert.All(report.Rows, r => Assert.Equal(0, r["delivered twice"]));
        foreach (string kind in (string[])["proximity-aware", "first come"])
        {
            Assert.Equal(100, report.Row(kind)["reached %"]);
            Assert.Equal(100, report.Row($"{kind}, 10 % dead, 3 min later")["reached %"]);
        }
        Assert.True(report.Row("proximity-aware")["stretch p50"] < report.Row("first come")["stretch p50"]);
    }

    [Fact]
    public void Kademlia_finds_nodes_among_dead_ones_and_waits_no_longer_than_needed()
    {
        WorldReport report = Run("kademlia-dead", 400);
        Assert.All(report.Rows, r => Assert.True(r["success %"] >= 99.5));
        Assert.True(report.Row("50 % dead, waits mean + 4 deviations")["seconds"] < report.Row("50 % dead, waits 3 s")["seconds"] / 2);
    }

    [NightlyFact]
    public void Kademlia_finds_nodes_among_100_000()
    {
        WorldReport report = RunLarge("kademlia-dead");
        Assert.All(report.Rows, r => Assert.True(r["success %"] >= 99.5));
        Assert.InRange(report.Row("0 % dead, waits 3 s")["hops"], 2, 4);
    }

    [NightlyFact]
    public void Searches_among_100_000_find_what_one_in_a_thousand_has()
    {
        WorldReport report = RunLarge("flooding-cost");
        foreach (string way in (string[])["flood", "ring", "walkers"])
            Assert.True(report.Row($"0.1 % replicas, {way}")["success %"] >= 98);
        Assert.True(report.Row("leaves with tables")["to leaves"] < report.Row("leaves without tables")["to leaves"] / 100);
    }

    [NightlyFact]
    public void Scribe_reaches_10_000_members_among_100_000_nodes()
    {
        WorldReport report = RunLarge("scribe-trees");
        Assert.All(report.Rows, r => Assert.Equal(0, r["delivered twice"]));
        Assert.Equal((100.0, 100.0), (report.Row("proximity-aware")["reached %"], report.Row("proximity-aware, 10 % dead, 3 min later")["reached %"]));
    }

    [NightlyFact]
    public void Rumours_keep_their_law_among_100_000()
    {
        WorldReport report = RunLarge("gossip-rumours");
        Assert.All(report.Rows.Where(r => r["e^-traffic"] > 0.001), r => Assert.InRange(r["residue"], r["e^-traffic"] * 0.9, r["e^-traffic"] * 1.1));
    }

    [NightlyFact]
    public void Disjoint_paths_withstand_hostile_nodes()
    {
        WorldReport report = Run("kademlia-hostile", 1000);
        foreach (string keys in (string[])["keys bound", "keys made up"])
            Assert.True(report.Row($"{keys}, 8 paths")["success %"] >= report.Row($"{keys}, 1 path")["success %"]);
        Assert.True(report.Row("keys bound, 8 paths")["success %"] >= 99);
    }

    [NightlyFact]
    public void A_crowd_of_Sybils_hides_a_key_only_from_those_who_do_not_look_around()
    {
        WorldReport report = Run("kademlia-sybil", 1000);
        Assert.True(report.Row("1000 honest nodes, plain")["found %"] < 5);
        WorldRow looked = report.Row("1000 honest nodes, region checked");
        Assert.True(looked["found %"] >= 99.5 && looked["crowd noticed %"] >= 99.5);
        Assert.True(looked["false alarms %"] <= 1);
    }

    [Fact]
    public void Sets_are_reconciled_for_about_what_they_differ_in()
    {
        WorldReport report = Run("set-reconciliation", 50_000);
        Assert.All(report.Rows, r => Assert.Equal(0, r["wrong"]));
        Assert.InRange(report.Row("0 differences")["bytes"], 100, 600);
        Assert.InRange(report.Row("100 differences")["bytes a difference"], 32, 3000);
    }
}
