using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace Compeer.Protocols.PortMapping;

/// <summary>
/// The control point's side of UPnP-IGD: searches a router, reads its description, and asks it for mappings, one request at a
/// time. It takes no port that another machine holds, and takes over what an earlier run of ours left behind.
/// Spec: UPnP Device Architecture 1.1, WANIPConnection:1 and :2, WANPPPConnection:1. Bounds: <see cref="IgdOptions"/>; single-threaded.
/// </summary>
public sealed partial class IgdSession : IMappingSession
{
    private const int MaxWaiting = 16;

    private readonly IgdOptions _options;
    private readonly PortMappingLink _link;
    private readonly Random _random;
    private readonly IgdSearch _search;
    private readonly Queue<MappingSessionEvent> _events = new();
    private readonly Queue<GatewayRequest> _waiting = new();
    private readonly Queue<IgdService> _services = new();
    private readonly Dictionary<MappedProtocol, (int ExternalPort, int InternalPort)> _granted = [];

    private GatewayRequest? _current;
    private IgdService? _service;
    private IgdStep _step;
    private string _lastFailure = "";
    private IgdRequest? _outgoing;
    private int _awaitedId;
    private int _ids;
    private Instant? _requestDeadline;

    /// <param name="options">Times and bounds.</param>
    /// <param name="link">The local network; IPv4.</param>
    /// <param name="random">Chooses other ports.</param>
    public IgdSession(IgdOptions options, PortMappingLink link, Random random)
    {
        _options = options;
        _link = link;
        _random = random;
        _search = new IgdSearch(options, link);
    }

    private enum IgdStep
    {
        None,
        Describe,
        Address,
        Verify,
        Check,
        Add,
        AddAny,
        Delete,
    }

    public Instant? NextDeadline
    {
        get
        {
            // While a description is fetched, the end of the search waits; its questions do not.
            Instant? search = _step == IgdStep.None || _search.IsAsking ? _search.NextDeadline : null;
            return search is { } a && _requestDeadline is { } b ? Instant.Min(a, b) : search ?? _requestDeadline;
        }
    }

    public void Probe(Instant now) => Add(new GatewayRequest(GatewayRequestKind.Probe, default), now);

    public void Map(MappingWish wish, Instant now) => Add(new GatewayRequest(GatewayRequestKind.Map, wish), now);

    public void Unmap(MappingWish wish, Instant now) => Add(new GatewayRequest(GatewayRequestKind.Unmap, wish), now);

    /// <summary>Writes the next datagram for <see cref="SsdpCodec.Group"/>, if one is to be sent now.</summary>
    public bool TryTransmitSearch(IBufferWriter<byte> output, Instant now) => _search.TryTransmit(output, now);

    /// <summary>Takes a datagram that came to the port from which the search was sent.</summary>
    public void ReceiveSearchAnswer(IPAddress from, ReadOnlySpan<byte> datagram, Instant now)
    {
        _search.Receive(from, datagram);
        if (_search.NextDeadline is not null && _step == IgdStep.None)
            DescribeNext(now);
    }

    /// <summary>Takes the HTTP request that is to be made now.</summary>
    public bool TryTakeRequest([NotNullWhen(true)] out IgdRequest? request)
    {
        request = _outgoing;
        _outgoing = null;
        return request is not null;
    }

    /// <summary>Takes the outcome of a request; one that is not awaited changes nothing.</summary>
    public void OnReply(IgdReply reply, Instant now)
    {
        if (_step == IgdStep.None || reply.Id != _awaitedId)
            return;
        IgdStep step = _step;
        _step = IgdStep.None;
        _requestDeadline = null;
        _outgoing = null;
        switch (step)
        {
            case IgdStep.Describe:
                OnDescription(reply, now);
                break;
            case IgdStep.Address:
                OnAddress(Read(reply, SoapCodec.GetExternalIPAddress), now);
                break;
            case IgdStep.Verify:
                OnVerified(Read(reply, SoapCodec.GetSpecificPortMappingEntry), now);
                break;
            case IgdStep.Check:
                OnChecked(Read(reply, SoapCodec.GetSpecificPortMappingEntry), now);
                break;
            case IgdStep.Add:
                OnAdded(Read(reply, SoapCodec.AddPortMapping), now);
                break;
            case IgdStep.AddAny:
                OnAnyAdded(Read(reply, SoapCodec.AddAnyPortMapping), now);
                break;
            case IgdStep.Delete:
                _granted.Remove(_current!.Value.Wish.Protocol);
                End(new MappingRemoved(_current.Value.Wish.Protocol), now);
                break;
        }
    }

    public void OnDeadline(Instant now)
    {
        if (_requestDeadline is { } due && now >= due)
            OnReply(new IgdReply(_awaitedId, 0, default, "the router does not answer in time"), now);
        else if (_search.NextDeadline is not null && _step == IgdStep.None && _search.IsOver(now))
            DescribeNext(now);
    }

    public bool TryTakeEvent([NotNullWhen(true)] out MappingSessionEvent? happened) => _events.TryDequeue(out happened);

    private void Add(GatewayRequest request, Instant now)
    {
        if (_waiting.Count == MaxWaiting)
            return;
        _waiting.Enqueue(request);
        Next(now);
    }

    private void Next(Instant now)
    {
        while (_current is null && _waiting.TryDequeue(out GatewayRequest request))
        {
            _current = request;
            switch (request.Kind)
            {
                case GatewayRequestKind.Probe when _service is null:
                    _lastFailure = "";
                    _services.Clear();
                    _search.Begin(now);
                    break;
                case GatewayRequestKind.Probe:
                    AskAddress(_service, now);
                    break;
                case GatewayRequestKind.Map:
                    BeginMap(request.Wish, now);
                    break;
                case GatewayRequestKind.Unmap:
                    BeginUnmap(request.Wish, now);
                    break;
            }
        }
    }

    private void End(MappingSessionEvent happened, Instant now)
    {
        _events.Enqueue(happened);
        _search.End();
        _current = null;
        Next(now);
    }

    private void DescribeNext(Instant now)
    {
        if (_search.TryNext(out Uri? place))
            Send(IgdStep.Describe, place, null, default, now);
        else if (_search.IsOver(now))
            End(new MappingWayFailed(_lastFailure.Length > 0 ? _lastFailure : _search.Failure), now);
    }

    private void OnDescription(IgdReply reply, Instant now)
    {
        _services.Clear();
        if (reply.Failure is not null)
            _lastFailure = $"a router answered the search but not the request for its description: {reply.Failure}";
        else if (reply.StatusCode != 200)
            _lastFailure = $"a router answered the request for its description with HTTP status {reply.StatusCode}";
        else if (!DeviceDescriptionCodec.TryRead(reply.Body, _described!, out IReadOnlyList<IgdService>? services))
            _lastFailure = "a device answered whose description has no service that maps ports";
        else
            services.ToList().ForEach(_services.Enqueue);
        AskNextService(now);
    }

    private void AskNextService(Instant now)
    {
        if (_services.TryDequeue(out IgdService? service))
            AskAddress(service, now);
        else
            DescribeNext(now);
    }

    private void OnAddress(SoapReply? reply, Instant now)
    {
        if (reply?.ErrorCode == 0 && reply.Address("NewExternalIPAddress") is { } address)
        {
            _service = _asked;
            _address = address;
            _search.End();
            _unverified = new Queue<MappedProtocol>(_granted.Keys);
            VerifyNext(now);
            return;
        }
        if (reply is not null)
            _lastFailure = reply.ErrorCode == 0 ? "the router has no address outside: it is not connected to the Internet" : IgdError.Describe(reply.ErrorCode, reply.ErrorText);
        if (_search.NextDeadline is not null)
        {
            AskNextService(now);
            return;
        }
        _service = null;
        End(new MappingWayFailed(_lastFailure), now);
    }

    private void AskAddress(IgdService service, Instant now)
    {
        _asked = service;
        Ask(IgdStep.Address, service, SoapCodec.GetExternalIPAddress, now);
    }

    private void Ask(IgdStep step, IgdService service, string action, Instant now, params ReadOnlySpan<(string Name, string Value)> arguments) =>
        Send(step, service.ControlUrl, SoapCodec.ActionHeader(service.ServiceType, action), SoapCodec.WriteRequest(service.ServiceType, action, arguments), now);

    private void Send(IgdStep step, Uri url, string? soapAction, ReadOnlyMemory<byte> body, Instant now)
    {
        _step = step;
        _described = url;
        _awaitedId = ++_ids;
        _outgoing = new IgdRequest(_awaitedId, url, soapAction, body);
        _requestDeadline = now + _options.RequestTimeout;
    }

    /// <summary>The router's answer; null when there is none that can be read, and then <see cref="_lastFailure"/> says why.</summary>
    private SoapReply? Read(IgdReply reply, string action)
    {
        if (reply.Failure is null && SoapCodec.TryReadReply(reply.Body, action, out SoapReply? read))
            return read;
        _lastFailure = reply.Failure ?? $"the router answered with HTTP status {reply.StatusCode} and nothing that can be read";
        // The router that we knew has gone or changed: the next probe searches again.
        _service = null;
        return null;
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
