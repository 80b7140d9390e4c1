using System.Globalization;
using System.Net;

namespace Compeer.Protocols.PortMapping;

/// <summary>Making, checking and removing mappings.</summary>
public sealed partial class IgdSession
{
    private Uri? _described;
    private IgdService? _asked;
    private IPAddress? _address;
    private Queue<MappedProtocol> _unverified = new();
    private MappedProtocol _verified;
    private bool _onlyPermanent;
    private int _port;
    private int _otherPorts;
    private bool _askedAny;

    private MappingWish Wish => _current!.Value.Wish;

    private void VerifyNext(Instant now)
    {
        if (_service is null)
        {
            End(new MappingWayFailed(_lastFailure), now);
            return;
        }
        if (_unverified.TryDequeue(out MappedProtocol protocol))
        {
            _verified = protocol;
            AskEntry(IgdStep.Verify, protocol, _granted[protocol].ExternalPort, now);
            return;
        }
        End(new MappingWayAnswered(_address), now);
    }

    private void OnVerified(SoapReply? reply, Instant now)
    {
        bool isGone = reply?.ErrorCode == IgdError.NoSuchEntry;
        bool isTaken = reply?.ErrorCode == 0 && !IsOurs(reply, _granted[_verified].InternalPort);
        if (isGone || isTaken)
        {
            _granted.Remove(_verified);
            _events.Enqueue(new MappingsLost(isGone ? "the router no longer has the mapping" : "the router gave the port to another machine"));
        }
        VerifyNext(now);
    }

    private void BeginMap(MappingWish wish, Instant now)
    {
        if (_service is null)
        {
            End(new MappingRefused(wish.Protocol, _lastFailure.Length > 0 ? _lastFailure : "no router is known", TimeSpan.Zero), now);
            return;
        }
        _port = wish.ExternalPort;
        _otherPorts = 0;
        _askedAny = false;
        if (_granted.TryGetValue(wish.Protocol, out (int ExternalPort, int InternalPort) held) && held.ExternalPort == _port && held.InternalPort == wish.InternalPort)
            AskToAdd(now);
        else
            AskEntry(IgdStep.Check, wish.Protocol, _port, now);
    }

    private void BeginUnmap(MappingWish wish, Instant now)
    {
        if (_service is null || !_granted.TryGetValue(wish.Protocol, out (int ExternalPort, int InternalPort) held))
        {
            End(new MappingRemoved(wish.Protocol), now);
            return;
        }
        Ask(IgdStep.Delete, _service, SoapCodec.DeletePortMapping, now,
            ("NewRemoteHost", ""), ("NewExternalPort", Number(held.ExternalPort)), ("NewProtocol", NameOf(wish.Protocol)));
    }

    /// <summary>Many routers let one machine overwrite another's mapping without a word: so we look before we ask.</summary>
    private void OnChecked(SoapReply? reply, Instant now)
    {
        if (reply is null)
            Refuse(_lastFailure, now);
        else if (reply.ErrorCode == 0 && !IsOurs(reply, Wish.InternalPort))
            TryOtherPort(IgdError.Conflict, $"{reply.Values.GetValueOrDefault("NewInternalClient")} has it", now);
        else
            AskToAdd(now);
    }

    private void OnAdded(SoapReply? reply, Instant now)
    {
        if (reply is null)
            Refuse(_lastFailure, now);
        else if (reply.ErrorCode == 0)
            Grant(_port, now);
        else if (reply.ErrorCode is IgdError.OnlyPermanentLeases or IgdError.InvalidArguments && !_onlyPermanent)
        {
            // Version 1 lets a router refuse leases. Such a mapping stays until we remove it; a killed program leaves it behind.
            _onlyPermanent = true;
            AskToAdd(now);
        }
        else if (reply.ErrorCode is IgdError.Conflict or IgdError.ConflictWithOtherMechanism)
            TryOtherPort(reply.ErrorCode, reply.ErrorText, now);
        else
            Refuse(IgdError.Describe(reply.ErrorCode, reply.ErrorText), now);
    }

    private void OnAnyAdded(SoapReply? reply, Instant now)
    {
        if (reply is null)
            Refuse(_lastFailure, now);
        else if (reply.ErrorCode == 0 && reply.Port("NewReservedPort") is var port and not 0)
            Grant(port, now);
        else
            TryOtherPort(reply.ErrorCode == 0 ? IgdError.ActionFailed : reply.ErrorCode, reply.ErrorText, now);
    }

    private void TryOtherPort(int code, string text, Instant now)
    {
        if (_service!.IsVersion2 && !_askedAny)
        {
            _askedAny = true;
            Ask(IgdStep.AddAny, _service, SoapCodec.AddAnyPortMapping, now, Arguments());
            return;
        }
        if (_otherPorts++ >= _options.MaxOtherPorts)
        {
            Refuse(IgdError.Describe(code, text), now);
            return;
        }
        _port = _random.Next(49152, 65536);
        AskEntry(IgdStep.Check, Wish.Protocol, _port, now);
    }

    private void Grant(int port, Instant now)
    {
        _granted[Wish.Protocol] = (port, Wish.InternalPort);
        End(new MappingGranted(Wish.Protocol, Wish.InternalPort, port, _address, _onlyPermanent ? null : Wish.Lease), now);
    }

    private void Refuse(string message, Instant now) => End(new MappingRefused(Wish.Protocol, message, TimeSpan.Zero), now);

    private bool IsOurs(SoapReply entry, int internalPort) =>
        entry.Address("NewInternalClient") is { } client && client.Equals(_link.Local) && entry.Port("NewInternalPort") == internalPort;

    private void AskEntry(IgdStep step, MappedProtocol protocol, int port, Instant now) => Ask(step, _service!, SoapCodec.GetSpecificPortMappingEntry, now,
        ("NewRemoteHost", ""), ("NewExternalPort", Number(port)), ("NewProtocol", NameOf(protocol)));

    private void AskToAdd(Instant now) => Ask(IgdStep.Add, _service!, SoapCodec.AddPortMapping, now, Arguments());

    private (string Name, string Value)[] Arguments() =>
    [
        ("NewRemoteHost", ""),
        ("NewExternalPort", Number(_port)),
        ("NewProtocol", NameOf(Wish.Protocol)),
        ("NewInternalPort", Number(Wish.InternalPort)),
        ("NewInternalClient", _link.Local.ToString()),
        ("NewEnabled", "1"),
        ("NewPortMappingDescription", _options.Description),
        ("NewLeaseDuration", _onlyPermanent ? "0" : ((long)Wish.Lease.TotalSeconds).ToString(CultureInfo.InvariantCulture)),
    ];

    private static string NameOf(MappedProtocol protocol) => protocol == MappedProtocol.Tcp ? "TCP" : "UDP";
}
