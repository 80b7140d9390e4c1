using Compeer.Protocols;
using Compeer.Protocols.Gossipsub;

namespace Compeer.Tests.Gossipsub;

public sealed class PeerScoresTests
{
    private const string Topic = "t";

    private static readonly PeerScoreOptions Options = new() { AnyTopic = TopicScoreOptions.Busy };

    private readonly PeerScores<int> _scores = new(Options);
    private Instant _now = Instant.Zero + TimeSpan.FromHours(1);

    /// <summary>Whatever it does besides, in whatever order: grafts, prunes, first or late copies before it entered the mesh, time.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Whoever_is_in_the_mesh_and_never_forwards_ends_below_zero(int seed)
    {
        var random = new Random(seed);
        for (int run = 0; run < 200; run++)
        {
            _scores.Add(run, 0);
            for (int i = random.Next(100); i > 0; i--)
                _scores.OnFirstDelivery(run, Topic);
            _scores.OnGraft(run, Topic, _now);
            for (int seconds = 0; seconds < 400; seconds++)
                Pass(1);
            Assert.True(_scores.Of(run) < 0, $"run {run}: {_scores.Of(run)}");
            _scores.OnPrune(run, Topic);
            Assert.True(_scores.Of(run) < 0, "Leaving the mesh makes good again what was not delivered.");
        }
    }

    [Fact]
    public void Who_delivers_is_thought_well_of()
    {
        _scores.Add(1, 0);
        _scores.OnGraft(1, Topic, _now);
        for (int seconds = 0; seconds < 120; seconds++)
        {
            _scores.OnFirstDelivery(1, Topic);
            Pass(1);
        }
        Assert.True(_scores.Of(1) > 20, $"{_scores.Of(1)}");
    }

    [Fact]
    public void Copies_that_come_late_do_not_count()
    {
        _scores.Add(1, 0);
        _scores.Add(2, 0);
        foreach (int peer in (int[])[1, 2])
            _scores.OnGraft(peer, Topic, _now);
        for (int seconds = 0; seconds < 60; seconds++)
        {
            _scores.OnLaterDelivery(1, Topic, TopicScoreOptions.Busy.MeshDeliveryWindow);
            _scores.OnLaterDelivery(2, Topic, TopicScoreOptions.Busy.MeshDeliveryWindow + TimeSpan.FromMilliseconds(1));
            Pass(1);
        }
        Assert.True(_scores.Of(1) >= 0);
        Assert.True(_scores.Of(2) < 0);
    }

    [Fact]
    public void Invalid_messages_and_misbehaviour_weigh_by_their_square_and_fade()
    {
        _scores.Add(1, 0);
        _scores.OnInvalid(1, Topic);
        double once = _scores.Of(1);
        _scores.OnInvalid(1, Topic);
        Assert.Equal(4 * once, _scores.Of(1), 6);
        _scores.Add(2, 0);
        _scores.Blame(2, 2);
        Assert.Equal(0, _scores.Of(2));
        _scores.Blame(2, 3);
        Assert.Equal(9 * Options.BehaviourWeight, _scores.Of(2), 6);
        Pass(3000);
        Assert.Equal(0, _scores.Of(1));
        Assert.Equal(0, _scores.Of(2));
    }

    [Fact]
    public void To_go_and_come_again_does_not_wash_clean()
    {
        _scores.Add(1, 0);
        _scores.OnInvalid(1, Topic);
        double bad = _scores.Of(1);
        _scores.Remove(1, _now);
        Pass(600);
        _scores.Add(1, 0);
        Assert.Equal(bad, _scores.Of(1));
        _scores.Remove(1, _now);
        Pass((int)Options.RetainScore.TotalSeconds + 2);
        _scores.Add(1, 0);
        Assert.Equal(0, _scores.Of(1));
    }

    [Fact]
    public void Many_at_one_address_are_suspected_together()
    {
        for (int peer = 0; peer < Options.ColocationThreshold; peer++)
            _scores.Add(peer, 77);
        Assert.Equal(0, _scores.Of(0));
        _scores.Add(100, 77);
        _scores.Add(101, 77);
        Assert.Equal(4 * Options.ColocationWeight, _scores.Of(0), 6);
        _scores.Remove(101, _now);
        _scores.Remove(100, _now);
        Assert.Equal(0, _scores.Of(0));
    }

    private void Pass(int seconds)
    {
        for (int i = 0; i < seconds; i++)
        {
            _now += TimeSpan.FromSeconds(1);
            _scores.Decay(_now);
        }
    }
}
