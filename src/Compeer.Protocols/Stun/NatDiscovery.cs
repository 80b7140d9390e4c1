using System.Net;

namespace Compeer.Protocols.Stun;

/// <summary>
/// Finds out how a NAT behaves: asks all servers, then follows RFC 5780 with one that has a second address; where none has,
/// compares what servers at different addresses saw.
/// </summary>
/// <remarks>
/// Says what to ask next and takes the outcomes; knows no datagram. All questions leave from one port, or the result means
/// nothing. Filtering is tested before mapping, since a datagram to the second address would open the filter for it. The mapping is
/// then tested with endpoints that have not sent to us: a NAT of Linux takes what came in unasked for a connection of its own, and
/// gives us another port towards whoever sent it. Asks at most <see cref="MaxServers"/> servers and four more questions. Single-threaded.
/// </remarks>
public sealed class NatDiscovery
{
    /// <summary>Servers that are asked; further ones are left out.</summary>
    public const int MaxServers = 8;

    private readonly IPEndPoint[] _servers;
    private readonly IReadOnlyCollection<IPAddress> _ownAddresses;
    private readonly int _ownPort;
    private readonly Queue<StunBindingRequest> _questions = new();
    private readonly List<(IPEndPoint Server, IPEndPoint Mapped)> _seen = [];
    private readonly List<(IPEndPoint Server, StunBindingAnswer Answer)> _candidates = [];

    private Phase _phase = Phase.Servers;
    private int _open;
    private IPEndPoint _server = new(0, 0);
    private IPEndPoint _other = new(0, 0);
    private bool _answeredFromOtherAddress;
    private bool _answeredFromOtherPort;

    /// <param name="servers">Servers of one address family.</param>
    /// <param name="ownAddresses">The addresses of this machine, to recognise that there is no NAT.</param>
    /// <param name="ownPort">The port from which all is asked.</param>
    public NatDiscovery(IEnumerable<IPEndPoint> servers, IReadOnlyCollection<IPAddress> ownAddresses, int ownPort)
    {
        _servers = [.. servers.Distinct().Take(MaxServers)];
        _ownAddresses = ownAddresses;
        _ownPort = ownPort;
        foreach (IPEndPoint server in _servers)
            _questions.Enqueue(new StunBindingRequest(server));
        if (_servers.Length == 0)
            Finish(NatMapping.Unknown, NatFiltering.Unknown);
    }

    private enum Phase
    {
        Servers,
        Filtering,
        Mapping,
        PortMapping,
        Done,
    }

    /// <summary>What was found out; null while questions are open.</summary>
    public NatBehaviour? Result { get; private set; }

    /// <summary>The next question that can be asked now, beside those under way.</summary>
    public bool TryNext(out StunBindingRequest question)
    {
        if (!_questions.TryDequeue(out question!))
            return false;
        _open++;
        return true;
    }

    /// <summary>Takes the answer to a question; null when there was none.</summary>
    public void OnOutcome(StunBindingRequest question, StunBindingAnswer? answer)
    {
        if (_open == 0)
            throw new InvalidOperationException("Nothing was asked.");
        _open--;
        if (answer is not null && !question.ChangeAddress && !question.ChangePort)
            _seen.Add((question.Server, answer.Mapped));
        if (_phase == Phase.Servers && answer is { Other: not null })
            _candidates.Add((question.Server, answer));
        if (_phase == Phase.Filtering && answer is not null)
        {
            _answeredFromOtherAddress |= question.ChangeAddress;
            _answeredFromOtherPort |= !question.ChangeAddress;
        }
        if (_open == 0 && _questions.Count == 0)
            Advance();
    }

    private void Advance()
    {
        switch (_phase)
        {
            case Phase.Servers when TryChooseServer():
                _phase = Phase.Filtering;
                _questions.Enqueue(new StunBindingRequest(_server, ChangeAddress: true, ChangePort: true, _other));
                _questions.Enqueue(new StunBindingRequest(_server, ChangePort: true, AnswersFrom: new IPEndPoint(_server.Address, _other.Port)));
                break;
            case Phase.Servers:
                Finish(Compare(), NatFiltering.Unknown);
                break;
            case Phase.Filtering:
                _phase = Phase.Mapping;
                _questions.Enqueue(new StunBindingRequest(new IPEndPoint(_other.Address, _server.Port)));
                break;
            case Phase.Mapping when Compare() is NatMapping.AddressDependent or NatMapping.AddressAndPortDependent:
                _phase = Phase.PortMapping;
                _questions.Enqueue(new StunBindingRequest(_other));
                break;
            case Phase.Mapping or Phase.PortMapping:
                Finish(Compare(), Filtering());
                break;
        }
    }

    /// <summary>A server whose other address nobody was asked at: it differs in address and port, and the filter is still shut for it.</summary>
    private bool TryChooseServer()
    {
        foreach ((IPEndPoint server, StunBindingAnswer answer) in _candidates)
        {
            IPEndPoint other = answer.Other!;
            if (other.Address.Equals(server.Address) || other.Port == server.Port || _servers.Any(s => s.Address.Equals(other.Address))
                || StunAddressCodec.IsV6(other.Address) != StunAddressCodec.IsV6(server.Address) || !Trackers.AddressReaches.CanBePeer(other)
                // A server may not send us to places of our own network that it is not in itself.
                || Trackers.AddressReaches.Of(other.Address) < Trackers.AddressReaches.Of(server.Address))
                continue;
            (_server, _other) = (server, other);
            return true;
        }
        return false;
    }

    private NatMapping Compare()
    {
        if (_seen.Count == 0)
            return NatMapping.Unknown;
        if (_seen.All(s => s.Mapped.Port == _ownPort && _ownAddresses.Contains(s.Mapped.Address)))
            return NatMapping.NoNat;
        bool hasSeveral = false, differs = false;
        for (int i = 0; i < _seen.Count; i++)
        {
            for (int k = i + 1; k < _seen.Count; k++)
            {
                bool isSame = _seen[i].Mapped.Equals(_seen[k].Mapped);
                bool isOneAddress = _seen[i].Server.Address.Equals(_seen[k].Server.Address);
                if (isOneAddress && !isSame)
                    return NatMapping.AddressAndPortDependent;
                hasSeveral |= !isOneAddress;
                differs |= !isSame;
            }
        }
        return differs ? Dependent() : hasSeveral ? NatMapping.EndpointIndependent : NatMapping.Unknown;
    }

    /// <summary>Only two ports at one address tell whether the port matters; without them the worse case is assumed.</summary>
    private NatMapping Dependent() =>
        _seen.GroupBy(s => s.Server.Address).Any(g => g.Count() > 1) ? NatMapping.AddressDependent : NatMapping.AddressAndPortDependent;

    private NatFiltering Filtering()
    {
        if (_answeredFromOtherAddress)
            return NatFiltering.EndpointIndependent;
        return _answeredFromOtherPort ? NatFiltering.AddressDependent : NatFiltering.AddressAndPortDependent;
    }

    private void Finish(NatMapping mapping, NatFiltering filtering)
    {
        _phase = Phase.Done;
        Result = new NatBehaviour(
            _seen.Count == 0 && _servers.Length > 0, mapping, filtering,
            [.. _seen.Select(s => s.Mapped).Distinct()], _seen.Count > 0 && _seen.All(s => s.Mapped.Port == _ownPort));
    }
}
