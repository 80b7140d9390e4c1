using Compeer.Protocols.WebSeeds;

namespace Compeer.Tests.WebSeeds;

/// <summary>Which answers are read. Spec: RFC 9110 sections 14 and 15.</summary>
public class WebSeedReplyTests
{
    private static readonly WebSeedRequest Part = new(0, new Uri("http://h/f"), 1000, 500, 10_000);

    [Fact]
    public void The_range_asked_for_is_read() =>
        Assert.Equal((null, 0, 500), Judge(Part, new() { Status = 206, RangeFrom = 1000, RangeTo = 1499, RangeTotal = 10_000 }));

    [Fact]
    public void A_shorter_range_is_read_and_a_longer_one_cut()
    {
        Assert.Equal((null, 0, 100), Judge(Part, new() { Status = 206, RangeFrom = 1000, RangeTo = 1099 }));
        Assert.Equal((null, 0, 500), Judge(Part, new() { Status = 206, RangeFrom = 1000, RangeTo = 9999, RangeTotal = 10_000 }));
    }

    [Theory]
    [InlineData(0L, 499L)]
    [InlineData(1001L, 1499L)]
    [InlineData(1000L, 999L)]
    [InlineData(1000L, null)]
    [InlineData(null, null)]
    public void Another_range_is_not(long? from, long? to) =>
        Assert.Equal(WebSeedFailureKind.Malformed, Judge(Part, new() { Status = 206, RangeFrom = from, RangeTo = to }).Kind);

    [Fact]
    public void A_file_of_another_length_is_another_file()
    {
        Assert.Equal(WebSeedFailureKind.OtherLength, Judge(Part, new() { Status = 206, RangeFrom = 1000, RangeTo = 1499, RangeTotal = 9_999 }).Kind);
        Assert.Equal(WebSeedFailureKind.OtherLength, Judge(Part with { Offset = 0 }, new() { Status = 200, ContentLength = 9_999 }).Kind);
        Assert.Equal(WebSeedFailureKind.OtherLength, Judge(Part, new() { Status = 416 }).Kind);
    }

    [Theory]
    [InlineData(0, 500, true)]
    [InlineData(500, 500, true)]
    [InlineData(501, 500, false)]
    public void A_whole_file_is_read_while_half_of_it_is_useful(int offset, int length, bool useful)
    {
        WebSeedFailure? failure = WebSeedReply.Judge(Part with { Offset = offset, Length = length }, new() { Status = 200, ContentLength = 10_000 }, out long skip, out long wanted);
        Assert.Equal(useful ? null : WebSeedFailureKind.NoRanges, failure?.Kind);
        if (useful)
            Assert.Equal((offset, length), (skip, wanted));
    }

    [Fact]
    public void An_encoded_body_is_not_unpacked()
    {
        Assert.Equal(WebSeedFailureKind.Malformed, Judge(Part with { Offset = 0 }, new() { Status = 200, IsEncoded = true }).Kind);
        Assert.Equal(WebSeedFailureKind.Malformed, Judge(Part, new() { Status = 206, RangeFrom = 1000, RangeTo = 1499, IsEncoded = true }).Kind);
    }

    [Theory]
    [InlineData(404, WebSeedFailureKind.NotThere)]
    [InlineData(403, WebSeedFailureKind.NotThere)]
    [InlineData(410, WebSeedFailureKind.NotThere)]
    [InlineData(503, WebSeedFailureKind.Busy)]
    [InlineData(429, WebSeedFailureKind.Busy)]
    [InlineData(500, WebSeedFailureKind.HttpStatus)]
    [InlineData(204, WebSeedFailureKind.HttpStatus)]
    [InlineData(304, WebSeedFailureKind.HttpStatus)]
    public void A_status_tells_what_to_do(int status, WebSeedFailureKind kind) => Assert.Equal(kind, Judge(Part, new() { Status = status }).Kind);

    private static (WebSeedFailureKind? Kind, long Skip, long Length) Judge(WebSeedRequest request, WebSeedHead head)
    {
        WebSeedFailure? failure = WebSeedReply.Judge(request, head, out long skip, out long length);
        return (failure?.Kind, skip, length);
    }
}
