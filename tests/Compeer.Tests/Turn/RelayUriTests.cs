using Compeer.Protocols.Turn;

namespace Compeer.Tests.Turn;

public sealed class RelayUriTests
{
    [Theory]
    [InlineData("turn:ann:secret@relay.example:5000", "relay.example", 5000, "ann", "secret")]
    [InlineData("TURN:ann:secret@192.0.2.1", "192.0.2.1", 3478, "ann", "secret")]
    [InlineData("turn:ann:a:b@c@192.0.2.1:1?transport=udp", "192.0.2.1", 1, "ann", "a:b@c")]
    [InlineData("turn:a%3Ab:%40%25@[2001:db8::1]:99", "2001:db8::1", 99, "a:b", "@%")]
    public void A_relay_has_user_password_host_and_port(string text, string host, int port, string user, string password)
    {
        Assert.True(RelayUri.TryParse(text, out RelayUri? uri));
        Assert.Equal((host, port, new TurnCredentials(user, password)), (uri.Host, uri.Port, uri.Credentials));
        Assert.DoesNotContain(password, uri.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("stun:stun.example", "stun.example", 3478)]
    [InlineData("stun:[::1]:19302", "::1", 19302)]
    public void A_STUN_server_has_host_and_port(string text, string host, int port)
    {
        Assert.True(RelayUri.TryParse(text, out RelayUri? uri));
        Assert.Equal((host, port, false), (uri.Host, uri.Port, uri.IsRelay));
    }

    [Theory]
    [InlineData("")]
    [InlineData("turn:")]
    [InlineData("turn:host:3478")]
    [InlineData("turn:ann@host")]
    [InlineData("turn::secret@host")]
    [InlineData("turn:ann:@host")]
    [InlineData("turn:ann:secret@")]
    [InlineData("turn:ann:secret@host:0")]
    [InlineData("turn:ann:secret@host:65536")]
    [InlineData("turn:ann:secret@host:12x")]
    [InlineData("turn:ann:secret@host/path")]
    [InlineData("turn:ann:secret@[host]:1")]
    [InlineData("turn:ann:secret@2001:db8::1")]
    [InlineData("stun:ann:secret@host:1")]
    [InlineData("stun:[::1")]
    [InlineData("http://host")]
    public void Anything_else_is_refused(string text) => Assert.False(RelayUri.TryParse(text, out _));
}
