using System.Buffers;
using System.Net.Sockets;
using System.Security.Cryptography;
using Compeer.Formats.Multiformats;
using Compeer.Network.Connections;
using Compeer.Protocols.Identity;
using Compeer.Protocols.Noise;

namespace Compeer.Network.SecureChannels;

/// <summary>/noise over a stream. Makes one static key for its lifetime, and fresh ephemeral ones for every handshake.</summary>
/// <remarks>Spec: libp2p/specs noise.</remarks>
/// <param name="identity">Who we are.</param>
/// <param name="signatures">Checks who they are.</param>
/// <param name="muxers">Ours, the preferred first.</param>
public sealed class NoiseChannel(ISigner identity, ISignatures signatures, IReadOnlyList<string> muxers) : ISecureChannel
{
    private readonly NoiseStaticKey _key = new(OpenSslX25519.Instance, OpenSslAead.Create, identity, RandomNumberGenerator.GetBytes(NoiseXx.KeyBytes));

    public string Protocol => "/noise";

    /// <summary>How long a handshake may take.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    public async Task<SecuredConnection> SecureAsync(PeerStream raw, bool isInitiator, PeerId? expected, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(HandshakeTimeout);
        using var handshake = new NoiseHandshake(_key, isInitiator, RandomNumberGenerator.GetBytes(NoiseXx.KeyBytes), signatures, muxers, expected);
        try
        {
            return await DriveAsync(raw, handshake, deadline.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new SecureChannelException($"The handshake took more than {HandshakeTimeout.TotalSeconds:0.#} s.");
        }
    }

    private static async Task<SecuredConnection> DriveAsync(PeerStream raw, NoiseHandshake handshake, CancellationToken cancellationToken)
    {
        var output = new ArrayBufferWriter<byte>();
        byte[] received = ArrayPool<byte>.Shared.Rent(NoiseHandshake.MaxMessageBytes);
        try
        {
            int left = 0;
            int at = 0;
            while (true)
            {
                output.ResetWrittenCount();
                if (handshake.TryTransmit(output))
                {
                    for (ReadOnlyMemory<byte> rest = output.WrittenMemory; !rest.IsEmpty;)
                        rest = rest[await raw.SendAsync(rest, cancellationToken)..];
                }
                if (handshake.TryTakeEvent(out NoiseEvent? ended))
                {
                    return ended is NoiseEvent.Completed done
                        ? new SecuredConnection(new NoisePeerStream(raw, done.Sending, done.Receiving, received.AsSpan(at, left)), done.Remote, done.Muxer)
                        : throw new SecureChannelException(((NoiseEvent.Closed)ended).Reason);
                }
                if (left == 0)
                {
                    at = 0;
                    left = await raw.ReceiveAsync(received, cancellationToken);
                    if (left == 0)
                        throw new SocketException((int)SocketError.ConnectionReset);
                }
                int consumed = handshake.Receive(received.AsSpan(at, left));
                at += consumed;
                left -= consumed;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(received);
        }
    }
}
