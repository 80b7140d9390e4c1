using System.Buffers;
using System.Net;
using System.Text;

namespace Compeer.Protocols.Proxies;

/// <summary>
/// The client's side of SOCKS 5 up to the reply: offers no authentication, and user and password where there are any, then
/// asks for a connection or a relay. Holds at most 262 bytes. Single-threaded.
/// Spec: RFC 1928; RFC 1929 (user and password).
/// </summary>
public sealed class Socks5Client : IProxyHandshake
{
    private const byte Version = 5;
    private const byte NoAuthentication = 0;
    private const byte UserPassword = 2;

    private readonly ProxyEndPoint _proxy;
    private readonly Socks5Command _command;
    private readonly ProxyTarget _target;
    private readonly byte[] _input = new byte[3 + Socks5Address.MaxBytes];
    private readonly ArrayBufferWriter<byte> _output = new(64);
    private int _length;
    private int _wanted = 2;
    private Step _step = Step.Method;

    /// <param name="proxy">Who we are to it.</param>
    /// <param name="command">What to ask for.</param>
    /// <param name="target">Where to; for a relay, the endpoint that we shall send from, or zeros when it is not known.</param>
    public Socks5Client(ProxyEndPoint proxy, Socks5Command command, ProxyTarget target)
    {
        (_proxy, _command, _target) = (proxy, command, target);
        if (!target.IsValid)
            Fail("the target's name cannot be given to a proxy", proxyFault: false);
        else
            _output.Write(proxy.HasCredentials ? [Version, 2, NoAuthentication, UserPassword] : (ReadOnlySpan<byte>)[Version, 1, NoAuthentication]);
    }

    private enum Step
    {
        Method,
        Authentication,
        Reply,
        Done,
    }

    public int BytesNeeded => IsDone || Failure is not null ? 0 : _wanted - _length;

    public bool IsDone => _step == Step.Done;

    public string? Failure { get; private set; }

    public bool IsProxyFault { get; private set; }

    /// <summary>Where the proxy's end is: for a relay, where datagrams go. Null until it is done, or when the proxy gave a name.</summary>
    public IPEndPoint? Bound { get; private set; }

    public bool TryTransmit(IBufferWriter<byte> output)
    {
        if (_output.WrittenCount == 0)
            return false;
        output.Write(_output.WrittenSpan);
        _output.ResetWrittenCount();
        return true;
    }

    public void Receive(ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty && BytesNeeded > 0)
        {
            int take = Math.Min(data.Length, BytesNeeded);
            data[..take].CopyTo(_input.AsSpan(_length));
            _length += take;
            data = data[take..];
            if (_length == _wanted)
                OnMessage();
        }
    }

    public void OnEnd()
    {
        if (!IsDone)
            Fail("it hung up", proxyFault: _step != Step.Reply);
    }

    private void OnMessage()
    {
        switch (_step)
        {
            case Step.Method:
                OnMethod();
                break;
            case Step.Authentication:
                if (_input[1] != 0)
                    Fail("it refuses the user or the password", proxyFault: true);
                else
                    Ask();
                break;
            case Step.Reply:
                OnReply();
                break;
        }
    }

    private void OnMethod()
    {
        if (_input[0] != Version)
            Fail("it does not speak SOCKS 5", proxyFault: true);
        else if (_input[1] == NoAuthentication)
            Ask();
        else if (_input[1] == UserPassword && _proxy.HasCredentials)
            Authenticate();
        else
            Fail(_proxy.HasCredentials ? "it takes neither no authentication nor a user and password" : "it wants a user and password", proxyFault: true);
    }

    private void Authenticate()
    {
        byte[] user = Encoding.UTF8.GetBytes(_proxy.User);
        byte[] password = Encoding.UTF8.GetBytes(_proxy.Password);
        _output.Write((ReadOnlySpan<byte>)[1, (byte)user.Length, .. user, (byte)password.Length, .. password]);
        Expect(Step.Authentication, 2);
    }

    private void Ask()
    {
        Span<byte> request = stackalloc byte[3 + Socks5Address.MaxBytes];
        (request[0], request[1], request[2]) = (Version, (byte)_command, 0);
        _output.Write(request[..(3 + Socks5Address.Write(request[3..], _target))]);
        Expect(Step.Reply, 5);
    }

    private void OnReply()
    {
        if (_input[0] != Version)
        {
            Fail("its answer is no SOCKS 5", proxyFault: true);
            return;
        }
        if (_input[1] != 0)
        {
            // Ruleset, unknown command and unknown address type are about what this proxy does; the rest about the target.
            Fail(Describe(_input[1]), proxyFault: _input[1] is 2 or 7 or 8);
            return;
        }
        int whole = Socks5Address.LengthOf(_input[3], _input[4]);
        if (whole == 0)
        {
            Fail("its answer has an unknown kind of address", proxyFault: true);
            return;
        }
        if (_length < 3 + whole)
        {
            _wanted = 3 + whole;
            return;
        }
        Socks5Address.TryRead(_input.AsSpan(3, whole), out IPEndPoint? bound, out _);
        Bound = bound;
        _step = Step.Done;
    }

    private void Expect(Step step, int bytes)
    {
        _step = step;
        _length = 0;
        _wanted = bytes;
    }

    private void Fail(string reason, bool proxyFault)
    {
        Failure ??= reason;
        IsProxyFault = proxyFault;
        _output.ResetWrittenCount();
    }

    private static string Describe(byte reply) => reply switch
    {
        1 => "it failed (general failure)",
        2 => "its rules do not allow it",
        3 => "the network is unreachable from it",
        4 => "the target is unreachable from it, or its name is unknown",
        5 => "nothing listens at the target (connection refused)",
        6 => "the target is too many hops away",
        7 => "it cannot do that (command not supported)",
        8 => "it cannot reach that kind of address",
        _ => $"it failed (code {reply})",
    };
}
