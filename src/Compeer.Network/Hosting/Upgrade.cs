using System.Net.Sockets;
using Compeer.Formats.Multiformats;
using Compeer.Network.Connections;
using Compeer.Network.SecureChannels;
using Compeer.Network.Transports;
using Compeer.Protocols.PrivateNetworks;

namespace Compeer.Network.Hosting;

/// <summary>A stream that was secured and on which streams can be multiplexed.</summary>
/// <param name="Stream">What passes encrypted; the receiver owns it.</param>
/// <param name="RemoteKey">The key that the remote proved to have.</param>
/// <param name="Security">The protocol that secures it.</param>
/// <param name="Route">Where it leads.</param>
internal sealed record UpgradedStream(PeerStream Stream, PublicKey RemoteKey, string Security, ConnectionRoute Route);

/// <summary>Makes a connection of a raw stream: enter the private network where there is one, agree on security, secure it, agree on a multiplexer unless the handshake did. Spec: libp2p/specs connections/README.md, "Upgrading Connections".</summary>
internal sealed class Upgrade(IReadOnlyList<ISecureChannel> channels, PreSharedKey? network)
{
    /// <summary>The only multiplexer.</summary>
    public const string Yamux = "/yamux/1.0.0";

    /// <summary>Upgrades within the caller's deadline; on failure <paramref name="raw"/> is closed.</summary>
    /// <param name="raw">Connected; owned from now on.</param>
    /// <param name="route">Where it leads.</param>
    /// <param name="isDialer">We dialled.</param>
    /// <param name="expected">Whom we dialled; null takes anybody.</param>
    /// <param name="cancellationToken">The deadline.</param>
    /// <exception cref="SecureChannelException">The handshake failed, or somebody else answered.</exception>
    /// <exception cref="ProtocolRefusedException">Nothing was agreed on.</exception>
    /// <exception cref="SocketException">The stream broke.</exception>
    public async Task<UpgradedStream> RunAsync(PeerStream raw, ConnectionRoute route, bool isDialer, PeerId? expected, CancellationToken cancellationToken)
    {
        // Streams fail at once when they are closed, whatever they wait for.
        await using CancellationTokenRegistration late = cancellationToken.UnsafeRegister(static stream => ((PeerStream)stream!).Dispose(), raw);
        try
        {
            if (network is not null)
                raw = await PrivateNetworkStream.StartAsync(raw, network, cancellationToken);
            string security = isDialer
                ? await Negotiation.ProposeAsync([.. channels.Select(c => c.Protocol)], raw, cancellationToken)
                : await Negotiation.AnswerAsync(p => channels.Any(c => c.Protocol == p), raw, cancellationToken);
            SecuredConnection secured = await channels.First(c => c.Protocol == security).SecureAsync(raw, isDialer, expected, cancellationToken);
            if (expected is { } meant && PeerId.FromPublicKey(secured.RemoteKey) != meant)
                throw new SecureChannelException($"the peer that answers is {PeerId.FromPublicKey(secured.RemoteKey)}");
            if (secured.Muxer is null)
            {
                await (isDialer
                    ? Negotiation.ProposeAsync([Yamux], secured.Stream, cancellationToken)
                    : Negotiation.AnswerAsync(p => p == Yamux, secured.Stream, cancellationToken));
            }
            return new UpgradedStream(secured.Stream, secured.RemoteKey, security, route);
        }
        catch
        {
            raw.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
            throw;
        }
    }
}
