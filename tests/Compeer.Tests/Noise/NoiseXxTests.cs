using System.Buffers;
using Compeer.Network.SecureChannels;
using Compeer.Protocols.Noise;

namespace Compeer.Tests.Noise;

public sealed class NoiseXxTests
{
    [Theory]
    [InlineData("cacophony")]
    [InlineData("snow")]
    public void Published_handshakes_and_messages_hold(string set)
    {
        string[][] lines = [.. VectorLines.Read("noise", "xx.txt").Where(l => l[0] == set)];
        byte[] Value(string name) => Convert.FromHexString(lines.Single(l => l[1] == name)[2]);
        using var initiator = new NoiseXx(OpenSslX25519.Instance, OpenSslAead.Create, true, Value("init_static"), Value("init_ephemeral"), Value("init_prologue"));
        using var responder = new NoiseXx(OpenSslX25519.Instance, OpenSslAead.Create, false, Value("resp_static"), Value("resp_ephemeral"), Value("init_prologue"));
        string[][] messages = [.. lines.Where(l => l[1] == "message")];
        Assert.True(messages.Length >= 5);
        var output = new ArrayBufferWriter<byte>();
        for (int i = 0; i < NoiseXx.Messages; i++)
        {
            (NoiseXx writer, NoiseXx reader) = i == 1 ? (responder, initiator) : (initiator, responder);
            output.ResetWrittenCount();
            Assert.True(writer.TryWrite(Convert.FromHexString(messages[i][2]), output));
            Assert.Equal(messages[i][3], Convert.ToHexStringLower(output.WrittenSpan));
            Assert.True(reader.TryRead(output.WrittenSpan, out byte[] payload));
            Assert.Equal(messages[i][2], Convert.ToHexStringLower(payload));
        }
        Assert.Equal(initiator.Hash, responder.Hash);
        if (lines.FirstOrDefault(l => l[1] == "handshake_hash") is { } hash)
            Assert.Equal(hash[2], Convert.ToHexStringLower(initiator.Hash));
        (NoiseCipher initiatorSends, NoiseCipher initiatorReceives) = initiator.Split();
        (NoiseCipher responderSends, NoiseCipher responderReceives) = responder.Split();
        for (int i = NoiseXx.Messages; i < messages.Length; i++)
        {
            (NoiseCipher sends, NoiseCipher receives) = i % 2 == 1 ? (responderSends, initiatorReceives) : (initiatorSends, responderReceives);
            byte[] plaintext = Convert.FromHexString(messages[i][2]);
            byte[] frame = new byte[plaintext.Length + NoiseCipher.OverheadBytes];
            Assert.Equal(frame.Length, sends.WriteFrame(plaintext, frame));
            Assert.Equal(messages[i][3], Convert.ToHexStringLower(frame.AsSpan(2)));
            Assert.True(receives.TryDecrypt(frame.AsSpan(2), frame.AsSpan(2, plaintext.Length)));
            Assert.Equal(plaintext, frame.AsSpan(2, plaintext.Length));
        }
    }

    [Fact]
    public void Messages_are_read_once_in_order_and_unchanged()
    {
        byte[] key = new byte[NoiseCipher.KeyBytes];
        using var sends = new NoiseCipher(OpenSslAead.Create, key);
        using var receives = new NoiseCipher(OpenSslAead.Create, key);
        byte[] first = new byte[3 + NoiseCipher.OverheadBytes];
        byte[] second = new byte[NoiseCipher.OverheadBytes];
        sends.WriteFrame([1, 2, 3], first);
        sends.WriteFrame([], second);
        byte[] plaintext = new byte[3];
        Assert.False(receives.TryDecrypt(second.AsSpan(2), []));
        Assert.False(receives.TryDecrypt(first.AsSpan(2, 15), []));
        Assert.True(receives.TryDecrypt(first.AsSpan(2), plaintext));
        Assert.Equal([1, 2, 3], plaintext);
        Assert.False(receives.TryDecrypt(first.AsSpan(2), plaintext)); // replayed
        second[^1] ^= 1;
        Assert.False(receives.TryDecrypt(second.AsSpan(2), []));
        Assert.Throws<ArgumentException>(() => sends.WriteFrame(new byte[NoiseCipher.MaxPlaintextBytes + 1], new byte[70_000]));
        Assert.Throws<ArgumentException>(() => sends.WriteFrame([1], new byte[NoiseCipher.OverheadBytes]));
    }
}
