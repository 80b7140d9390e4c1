namespace Compeer.Protocols.CircuitRelay;

/// <summary>How a request to a relay, or of one, ended. Spec: libp2p/specs relay/circuit-v2.md, "Protobuf".</summary>
public enum CircuitStatus
{
    /// <summary>No status was told.</summary>
    Unused = 0,
    Ok = 100,
    ReservationRefused = 200,
    ResourceLimitExceeded = 201,
    PermissionDenied = 202,
    ConnectionFailed = 203,
    NoReservation = 204,
    MalformedMessage = 400,
    UnexpectedMessage = 401,
}

/// <summary>The names that the specification and all programs have for statuses.</summary>
public static class CircuitStatuses
{
    /// <summary>"NO_RESERVATION" and the like; the number for one that is not known.</summary>
    public static string NameOf(CircuitStatus status) => status switch
    {
        CircuitStatus.Ok => "OK",
        CircuitStatus.ReservationRefused => "RESERVATION_REFUSED",
        CircuitStatus.ResourceLimitExceeded => "RESOURCE_LIMIT_EXCEEDED",
        CircuitStatus.PermissionDenied => "PERMISSION_DENIED",
        CircuitStatus.ConnectionFailed => "CONNECTION_FAILED",
        CircuitStatus.NoReservation => "NO_RESERVATION",
        CircuitStatus.MalformedMessage => "MALFORMED_MESSAGE",
        CircuitStatus.UnexpectedMessage => "UNEXPECTED_MESSAGE",
        _ => $"status {(int)status}",
    };
}
