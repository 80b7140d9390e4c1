namespace Compeer.Protocols.PortMapping;

/// <summary>Error codes of the services that map ports. Spec: UPnP Device Architecture 1.1 table 3-3; WANIPConnection:1 section 2.4.20; WANIPConnection:2 table 2-26.</summary>
public static class IgdError
{
    public const int InvalidAction = 401;
    public const int InvalidArguments = 402;
    public const int ActionFailed = 501;
    public const int NotAuthorized = 606;
    public const int NoSuchEntry = 714;
    public const int Conflict = 718;
    public const int SamePortRequired = 724;
    public const int OnlyPermanentLeases = 725;
    public const int NoPortsLeft = 728;
    public const int ConflictWithOtherMechanism = 729;

    /// <summary>A code in words, without a full stop; <paramref name="text"/> is what the router says itself.</summary>
    public static string Describe(int code, string text)
    {
        string own = code switch
        {
            InvalidAction => "the router does not know this request",
            InvalidArguments => "the router does not accept the request's values",
            ActionFailed => "the router could not do it",
            NotAuthorized => "the router does not allow it: mappings by UPnP may be switched off in its settings",
            Conflict => "another machine has this port at the router",
            SamePortRequired => "the router wants the same port inside and outside, and another machine has it",
            OnlyPermanentLeases => "the router makes only mappings without an end",
            NoPortsLeft => "the router has no room for more mappings",
            ConflictWithOtherMechanism => "a rule of the router itself has this port",
            _ => "the router refused",
        };
        return text.Length == 0 ? $"{own} (error {code})" : $"{own} (error {code}, \"{text}\")";
    }
}
