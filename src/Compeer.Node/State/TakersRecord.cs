using System.Collections.Immutable;
using System.Net;
using Compeer.Content.Torrents;

namespace Compeer.Node.State;

/// <summary>Who has fetched how much of a torrent.</summary>
public sealed record TakersRecord
{
    private const int MaxKept = 50;

    /// <summary>At most 50, who took most first.</summary>
    public ImmutableArray<TakerRecord> Takers { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>What a torrent told, for the next run.</summary>
    public static TakersRecord Of(IEnumerable<TakerDetails> takers, DateTimeOffset now) =>
        new() { Takers = [.. takers.Take(MaxKept).Select(t => new TakerRecord(t.Address.ToString(), t.Client, t.Bytes, now - (t.SinceLeft ?? TimeSpan.Zero)))] };

    /// <summary>What an earlier run knew; whoever was connected has left when it was seen last.</summary>
    public IReadOnlyList<TakerDetails> Read(DateTimeOffset now) =>
        [.. from taker in Takers let address = IPAddress.TryParse(taker.Address, out IPAddress? parsed) ? parsed : null where address is not null
            select new TakerDetails(address, taker.Client, taker.Bytes, now > taker.SeenAt ? now - taker.SeenAt : TimeSpan.Zero)];
}

/// <param name="Address">IP address.</param>
/// <param name="Client">What it said that its program is.</param>
/// <param name="Bytes">Payload that it got.</param>
/// <param name="SeenAt">When it was connected last.</param>
public sealed record TakerRecord(string Address, string Client, long Bytes, DateTimeOffset SeenAt);
