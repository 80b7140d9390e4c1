using System.Net;
using Compeer.Formats.Multiformats;
using Compeer.Protocols.DomainNames;
using Compeer.Protocols.Trackers;

namespace Compeer.Protocols.MulticastDns;

/// <summary>A peer on the local network.</summary>
public sealed record MdnsPeer(PeerId Id, IReadOnlyList<Multiaddr> Addresses);

/// <summary>
/// Asks a local network for peers and answers who asks, under a random name, so that two runs cannot be told to be of one host before
/// somebody connects. Single-threaded; never throws on what comes from others. Bounds in <see cref="MdnsOptions"/>.
/// </summary>
/// <remarks>Spec: libp2p/specs discovery/mdns.md; RFC 6762; RFC 6763.</remarks>
public sealed class MdnsSession
{
    /// <summary>Where questions and answers are sent.</summary>
    public static readonly IPEndPoint GroupV4 = new(IPAddress.Parse("224.0.0.251"), Port);

    /// <inheritdoc cref="GroupV4"/>
    public static readonly IPEndPoint GroupV6 = new(IPAddress.Parse("ff02::fb"), Port);

    private const int Port = 5353;
    private const int NameLetters = 32;
    private const int MaxAnswerBytes = 1400;
    private const string Letters = "abcdefghijklmnopqrstuvwxyz0123456789";
    private const string AddressPrefix = "dnsaddr=";
    private const string MetaQuery = "_services._dns-sd._udp.local";

    private readonly PeerId _own;
    private readonly MdnsOptions _options;
    private readonly Dictionary<PeerId, (IReadOnlyList<Multiaddr> Addresses, Instant At)> _told = [];
    private readonly Queue<MdnsPeer> _found = new();
    private readonly string _name;
    private Instant _nextQuestion;
    private Instant _nextAnswer;
    private TimeSpan _pause;
    private bool _isAsked, _isMetaAsked;

    /// <param name="own">Our own id, which we do not tell ourselves.</param>
    /// <param name="options">Timers and bounds.</param>
    /// <param name="random">Where the name comes from.</param>
    public MdnsSession(PeerId own, MdnsOptions options, Random random)
    {
        (_own, _options, _pause) = (own, options, options.FirstPause);
        _name = new string(random.GetItems<char>(Letters, NameLetters));
    }

    /// <summary>When <see cref="TryTransmit"/> has something.</summary>
    public Instant NextDeadline => _isAsked || _isMetaAsked ? Instant.Min(_nextAnswer, _nextQuestion) : _nextQuestion;

    private string Instance => $"{_name}.{_options.ServiceName}";

    /// <summary>Begins to ask again: an interface is new.</summary>
    public void OnNewInterface(Instant now)
    {
        _pause = _options.FirstPause;
        _nextQuestion = now;
    }

    /// <summary>The next message to send; false when there is none now.</summary>
    /// <param name="addresses">Where we listen.</param>
    /// <param name="now">The time.</param>
    /// <param name="message">The message for one interface, by how far its own address reaches: nobody is told of addresses that lead less far.</param>
    public bool TryTransmit(IReadOnlyList<Multiaddr> addresses, Instant now, out Func<AddressReach, byte[]?> message)
    {
        message = _ => null;
        if (now >= _nextQuestion)
        {
            _nextQuestion = now + _pause;
            _pause = _pause * 2 < _options.LongestPause ? _pause * 2 : _options.LongestPause;
            // We hear our own question and answer it, by which the others learn of us.
            byte[] question = new DnsMessage(false, [new DnsQuestion(_options.ServiceName, DnsType.Ptr)], []).Encode();
            message = _ => question;
            return true;
        }
        if (!(_isAsked || _isMetaAsked) || now < _nextAnswer)
            return false;
        bool isMeta = _isMetaAsked;
        (_isAsked, _isMetaAsked) = (isMeta && _isAsked, false);
        _nextAnswer = now + (_isAsked ? TimeSpan.Zero : _options.AnswerPause);
        message = reach => isMeta ? MetaAnswer() : Answer(addresses, reach);
        return true;
    }

    /// <summary>A message has come.</summary>
    /// <param name="from">Its sender.</param>
    /// <param name="datagram">The message.</param>
    /// <param name="now">The time.</param>
    public void Receive(IPEndPoint from, ReadOnlySpan<byte> datagram, Instant now)
    {
        // Who sends from another port is no member of the group but asks for itself alone; no peer does.
        if (from.Port != Port || !DnsMessage.TryDecode(datagram, out DnsMessage? message))
            return;
        if (message.IsResponse)
            Learn(message.Records, AddressReaches.Of(from.Address), now);
        foreach (DnsQuestion question in message.IsResponse ? [] : message.Questions)
        {
            _isAsked |= question.Name == _options.ServiceName && question.Type is DnsType.Ptr or DnsType.Any
                || question.Name == Instance && question.Type is DnsType.Srv or DnsType.Txt or DnsType.Any
                || question.Name == HostName && question.Type is DnsType.A or DnsType.Aaaa or DnsType.Any;
            _isMetaAsked |= question.Name == MetaQuery && question.Type is DnsType.Ptr or DnsType.Any;
        }
    }

    /// <summary>The next peer that was found; again when its addresses changed, and now and then.</summary>
    public bool TryTakeFound(out MdnsPeer peer) => _found.TryDequeue(out peer!);

    private string HostName => _name + ".p2p.local";

    private byte[] MetaAnswer() => new DnsMessage(true, [], [new DnsRecord(MetaQuery, DnsType.Ptr) { Target = _options.ServiceName }]).Encode();

    private byte[]? Answer(IReadOnlyList<Multiaddr> addresses, AddressReach reach)
    {
        var told = new List<string>();
        var hosts = new List<DnsRecord>();
        int port = 0, length = 0;
        foreach (Multiaddr address in addresses)
        {
            string text = AddressPrefix + address.With(_own);
            if (AddressReaches.Of(address) < reach || text.Length > byte.MaxValue || told.Count >= _options.MaxAddresses || length + text.Length > MaxAnswerBytes / 2)
                continue;
            length += text.Length + 1;
            told.Add(text);
            if (!address.TryGetTcp(out IPEndPoint? endPoint) || hosts.Count == 4)
                continue;
            port = endPoint.Port;
            byte[] bytes = endPoint.Address.GetAddressBytes();
            hosts.Add(new DnsRecord(HostName, bytes.Length == 4 ? DnsType.A : DnsType.Aaaa) { Address = bytes });
        }
        if (told.Count == 0)
            return null;
        DnsRecord[] records =
        [
            new(_options.ServiceName, DnsType.Ptr) { Target = Instance },
            new(Instance, DnsType.Txt) { Strings = told },
            new(Instance, DnsType.Srv) { Target = HostName, Port = port },
            .. hosts,
        ];
        return new DnsMessage(true, [], records).Encode();
    }

    /// <summary>Peers that are named by an answer, at addresses that lead no less far than the answer came from.</summary>
    private void Learn(IReadOnlyList<DnsRecord> records, AddressReach reach, Instant now)
    {
        foreach (DnsRecord pointer in records.Where(r => r.Type == DnsType.Ptr && r.Name == _options.ServiceName && r.Target != Instance).Take(16))
        {
            PeerId id = default;
            var addresses = new List<Multiaddr>();
            foreach (string text in records.Where(r => r.Type == DnsType.Txt && r.Name == pointer.Target).SelectMany(r => r.Strings))
            {
                if (!text.StartsWith(AddressPrefix, StringComparison.Ordinal) || addresses.Count >= _options.MaxAddresses
                    || !Multiaddr.TryParse(text[AddressPrefix.Length..], out Multiaddr? address) || address.PeerId is not { } peer)
                    continue;
                // One name is one peer: whoever mixes them says nothing.
                if (!id.IsEmpty && id != peer)
                    return;
                id = peer;
                if (AddressReaches.Of(address) >= reach && address.WithoutPeer() is { } plain)
                    addresses.Add(plain);
            }
            if (!id.IsEmpty && id != _own && addresses.Count > 0)
                Tell(new MdnsPeer(id, addresses), now);
        }
    }

    private void Tell(MdnsPeer peer, Instant now)
    {
        if (_told.TryGetValue(peer.Id, out (IReadOnlyList<Multiaddr> Addresses, Instant At) known)
            && now < known.At + _options.TellAgain && peer.Addresses.All(known.Addresses.Contains))
            return;
        if (_told.Count >= _options.MaxPeers && !_told.ContainsKey(peer.Id))
            _told.Remove(_told.MinBy(t => t.Value.At).Key);
        _told[peer.Id] = (peer.Addresses, now);
        if (_found.Count < _options.MaxPeers)
            _found.Enqueue(peer);
    }
}
