using Compeer.Node;
using Compeer.Node.Configuration;
using Compeer.Node.Torrents;
using Compeer.Tests.Architecture;

namespace Compeer.Tests.Configuration;

public sealed class NodeConfigurationTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("compeer-config-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_flag_beats_the_environment_beats_the_file_beats_the_default()
    {
        File.WriteAllText(Path.Combine(_folder, "config.json"), """{ "limit-up": "500K", "limit-down": 7, "max-connections": 50, /* people write comments */ }""");
        NodeConfiguration configuration = NodeConfiguration.Load(
            _folder, name => name switch { "COMPEER_LIMIT_UP" => "1M", "COMPEER_LIMIT_DOWN" => "2M", _ => null }, new Dictionary<string, string> { ["limit-up"] = "2M" });
        Assert.Equal(("2097152", OptionSource.Flag), configuration.Find(NodeOptions.LimitUp));
        Assert.Equal(("2097152", OptionSource.Environment), configuration.Find(NodeOptions.LimitDown));
        Assert.Equal(("50", OptionSource.File), configuration.Find(NodeOptions.MaxConnections));
        Assert.Equal(("true", OptionSource.Default), configuration.Find(NodeOptions.Dht));
    }

    [Theory]
    [InlineData("""{ "limt-up": 1 }""", "limt-up")]
    [InlineData("""{ "port": 99999 }""", "port")]
    [InlineData("""{ "encryption": "maybe" }""", "prefer, require, forbid")]
    [InlineData("""{ "api": "nowhere" }""", "api")]
    [InlineData("""[1]""", "object")]
    [InlineData("""{ "dht": """, "JSON")]
    public void What_cannot_be_used_is_named(string json, string named)
    {
        File.WriteAllText(Path.Combine(_folder, "config.json"), json);
        NodeException e = Assert.Throws<NodeException>(() => NodeConfiguration.Load(_folder, _ => null, new Dictionary<string, string>()));
        Assert.Equal(NodeFailure.Usage, e.Failure);
        Assert.Contains(named, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_change_is_kept_and_told()
    {
        NodeConfiguration configuration = NodeConfiguration.Load(_folder, _ => null, new Dictionary<string, string>());
        var told = new List<string>();
        configuration.Changed += told.AddRange;
        configuration.Set(new Dictionary<string, string?> { ["limit-up"] = "1000", ["dht"] = "false" });
        Assert.Equal(["dht", "limit-up"], told.Order());
        NodeConfiguration again = NodeConfiguration.Load(_folder, _ => null, new Dictionary<string, string>());
        Assert.Equal(1000, again.Number(NodeOptions.LimitUp));
        Assert.False(again.IsOn(NodeOptions.Dht));
    }

    [Fact]
    public void Every_default_is_a_value_of_its_option_and_every_key_is_there_once()
    {
        Assert.All(NodeOptions.All, o => Assert.Null(OptionText.TryRead(o, o.Default, out _)));
        Assert.Equal(NodeOptions.All.Count, NodeOptions.All.Select(o => o.Key).Distinct().Count());
    }

    [Fact]
    public void The_document_says_what_the_table_says() =>
        Assert.Equal(OptionTable.Markdown(), SourceTree.Read("docs/configuration.md"));

    [Theory]
    [InlineData("mon", "22:00", "06:00", "2026-11-23T23:00:00", true)] // a Monday
    [InlineData("mon", "22:00", "06:00", "2026-11-24T05:59:00", true)]
    [InlineData("mon", "22:00", "06:00", "2026-11-24T06:00:00", false)]
    [InlineData("mon", "22:00", "06:00", "2026-11-23T05:00:00", false)]
    [InlineData("mon", "08:00", "17:00", "2026-11-23T08:00:00", true)]
    [InlineData("mon", "08:00", "17:00", "2026-11-23T17:00:00", false)]
    [InlineData("tue", "08:00", "17:00", "2026-11-23T10:00:00", false)]
    public void A_rule_covers_its_hours_over_midnight_too(string day, string from, string to, string now, bool covered) =>
        Assert.Equal(covered, SpeedLimits.Covers(new LimitRule([day], from, to, 1, 1), DateTime.Parse(now, System.Globalization.CultureInfo.InvariantCulture)));
}
