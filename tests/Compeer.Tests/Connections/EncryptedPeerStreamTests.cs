using System.Text;
using Compeer.Formats.Hashing;
using Compeer.Network.Connections;
using Compeer.Protocols.MessageStreamEncryption;

namespace Compeer.Tests.Connections;

public sealed class EncryptedPeerStreamTests
{
    private static readonly byte[] KeyIn = [1, 2, 3];
    private static readonly byte[] KeyOut = [4, 5, 6];

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100_000)]
    public async Task What_came_early_is_received_first_and_all_of_it_decrypted(int piece)
    {
        byte[] wire = Encrypted(KeyIn, "early and later"u8.ToArray());
        using var inner = new ScriptedStream(wire[5..], piece);
        using var stream = new EncryptedPeerStream(inner, Session("payload, "u8.ToArray()), wire.AsSpan(0, 5));
        await stream.WaitReadableAsync(CancellationToken.None);
        Assert.Equal(0, inner.Waits);
        byte[] target = new byte[100];
        var text = new StringBuilder();
        for (int received; (received = await stream.ReceiveAsync(target.AsMemory(0, 4), CancellationToken.None)) > 0;)
            text.Append(Encoding.ASCII.GetString(target, 0, received));
        Assert.Equal("payload, early and later", text.ToString());
        await stream.WaitReadableAsync(CancellationToken.None);
        Assert.Equal(1, inner.Waits);
        Assert.True(stream.IsEncrypted);
        Assert.Equal((inner.Remote, inner.Local, inner.Path), (stream.Remote, stream.Local, stream.Path));
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(70_000)]
    [InlineData(1_000_000)]
    public async Task What_is_sent_arrives_and_the_caller_s_bytes_stay(int piece)
    {
        byte[] data = new byte[200_001];
        new Random(1).NextBytes(data);
        byte[] before = [.. data];
        using var inner = new ScriptedStream([], piece);
        using var stream = new EncryptedPeerStream(inner, Session([]), default);
        for (int sent = 0; sent < data.Length;)
            sent += await stream.SendAsync(data.AsMemory(sent), CancellationToken.None);
        Assert.Equal(before, data);
        Assert.Equal(Encrypted(KeyOut, data), inner.Sent);
    }

    [Fact]
    public async Task A_plain_choice_leaves_the_bytes_alone()
    {
        using var inner = new ScriptedStream("later"u8.ToArray(), 100);
        using var stream = new EncryptedPeerStream(inner, new EncryptedSession(CryptoMethods.Plaintext, default, null, null, "payload"u8.ToArray()), "early"u8);
        Assert.False(stream.IsEncrypted);
        byte[] target = new byte[100];
        Assert.Equal("payloadearly", Encoding.ASCII.GetString(target, 0, await stream.ReceiveAsync(target, CancellationToken.None)));
        Assert.Equal("later", Encoding.ASCII.GetString(target, 0, await stream.ReceiveAsync(target, CancellationToken.None)));
        Assert.Equal(0, await stream.ReceiveAsync(target, CancellationToken.None));
        await stream.SendAsync("back"u8.ToArray(), CancellationToken.None);
        Assert.Equal("back", Encoding.ASCII.GetString(inner.Sent));
    }

    [Fact]
    public async Task Neither_direction_allocates()
    {
        byte[] data = new byte[16 * 1024];
        using var inner = new ScriptedStream(new byte[400 * data.Length], data.Length);
        using var stream = new EncryptedPeerStream(inner, Session([]), default);
        for (int warm = 0; warm < 2; warm++)
        {
            inner.Reserve(200 * data.Length);
            int moved = 0;
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int n = 0; n < 200; n++)
            {
                moved += await stream.SendAsync(data, CancellationToken.None);
                moved += await stream.ReceiveAsync(data, CancellationToken.None);
            }
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.Equal(400 * data.Length, moved);
            Assert.InRange(allocated, 0, warm == 1 ? 1000 : long.MaxValue);
        }
    }

    [Fact]
    public void Its_end_is_that_of_the_stream_below()
    {
        var inner = new ScriptedStream([], 1);
        new EncryptedPeerStream(inner, Session([]), default).Dispose();
        Assert.True(inner.IsDisposed);
    }

    private static EncryptedSession Session(byte[] payload) => new(CryptoMethods.Rc4, default(Sha1Hash), new Rc4(KeyIn), new Rc4(KeyOut), payload);

    private static byte[] Encrypted(byte[] key, byte[] data)
    {
        byte[] copy = [.. data];
        new Rc4(key).Apply(copy);
        return copy;
    }
}
