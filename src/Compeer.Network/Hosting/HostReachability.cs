namespace Compeer.Network.Hosting;

/// <summary>Whether strangers can dial a host.</summary>
public enum HostReachability
{
    /// <summary>Nobody has tried yet, or those who tried disagree.</summary>
    Unknown,

    /// <summary>They can.</summary>
    Public,

    /// <summary>They cannot: a NAT or firewall is in the way.</summary>
    Private,
}
