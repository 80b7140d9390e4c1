using Compeer.Formats.Torrents;
using Compeer.Protocols.WebSeeds;
using static Compeer.Tests.WebSeeds.WebSeedTestKit;

namespace Compeer.Tests.WebSeeds;

/// <summary>Where files are behind a web seed's address. Spec: BEP 19.</summary>
public class WebSeedUrlTests
{
    [Theory]
    [InlineData("http://h/pub/file.iso", "http://h/pub/file.iso")]
    [InlineData("http://h/pub/", "http://h/pub/my%20file.iso")]
    [InlineData("http://h", "http://h/my%20file.iso")]
    [InlineData("http://h/get.php?id=7", "http://h/get.php?id=7")]
    [InlineData("http://h:8080/a/#part", "http://h:8080/a/my%20file.iso")]
    public void A_single_file_is_the_address_or_below_it(string seed, string expected) =>
        Assert.Equal(expected, Build(seed, SingleFile("my file.iso", 100)));

    [Theory]
    [InlineData("http://h/pub/", "http://h/pub/box/d%20%25/%C3%BC%23%3F%26%5C.bin")]
    [InlineData("http://h/pub", "http://h/pub/box/d%20%25/%C3%BC%23%3F%26%5C.bin")]
    [InlineData("http://u:p@h/pub/", "http://u:p@h/pub/box/d%20%25/%C3%BC%23%3F%26%5C.bin")]
    public void Files_of_a_folder_are_below_its_name_slash_or_not(string seed, string expected) =>
        Assert.Equal(expected, Build(seed, Folder("box", (@"d %/ü#?&\.bin", 100), ("b", 1))));

    [Fact]
    public void Names_are_those_of_the_torrent_not_those_of_the_disk()
    {
        Metainfo metainfo = Folder("con ", ("nul.", 100), ("b", 1));
        Assert.NotEqual("con /nul.", metainfo.Files[0].SafePath);
        Assert.Equal("http://h/con%20/nul.", Build("http://h/", metainfo));
    }

    [Theory]
    [InlineData("../../etc/passwd")]
    [InlineData("a/./b")]
    public void Names_that_climb_have_no_address(string path)
    {
        Metainfo metainfo = Folder("box", (path, 100), ("b", 1));
        Assert.False(WebSeedUrl.TryBuild(new Uri("http://h/pub/"), metainfo, metainfo.Files[0], out _));
    }

    [Theory]
    [InlineData("ftp://h/x")]
    [InlineData("file:///etc/passwd")]
    [InlineData("http://")]
    [InlineData("http://h:0/x")]
    [InlineData("http://bücher.example/x")]
    [InlineData("http://xn--bcher-kva.example/x")]
    [InlineData("nonsense")]
    public void Other_addresses_are_refused(string text)
    {
        Assert.False(WebSeedUrl.TryParse(text, out Uri? url, out string problem));
        Assert.Null(url);
        Assert.NotEmpty(problem);
    }

    private static string Build(string seed, Metainfo metainfo)
    {
        Assert.True(WebSeedUrl.TryParse(seed, out Uri? url, out string problem), problem);
        Assert.True(WebSeedUrl.TryBuild(url, metainfo, metainfo.Files[0], out Uri? file));
        return file.AbsoluteUri;
    }
}
