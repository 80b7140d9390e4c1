using System.Text;
using Compeer.Protocols.Trackers;

namespace Compeer.Protocols.Stun;

/// <summary>An error as the other side states it. Spec: RFC 8489 section 14.8.</summary>
/// <param name="Code">300 to 699.</param>
/// <param name="Reason">The other side's words, cleaned for a terminal; may be empty.</param>
public readonly record struct StunError(int Code, string Reason)
{
    public const int TryAlternate = 300;
    public const int BadRequest = 400;
    public const int Unauthenticated = 401;
    public const int Forbidden = 403;
    public const int UnknownAttribute = 420;
    public const int AllocationMismatch = 437;
    public const int StaleNonce = 438;
    public const int AddressFamilyNotSupported = 440;
    public const int WrongCredentials = 441;
    public const int UnsupportedTransport = 442;
    public const int PeerAddressFamilyMismatch = 443;
    public const int AllocationQuotaReached = 486;
    public const int ServerError = 500;
    public const int InsufficientCapacity = 508;

    internal static bool TryRead(ReadOnlySpan<byte> value, out StunError error)
    {
        error = default;
        if (value.Length < 4)
            return false;
        int hundreds = value[2] & 7;
        if (hundreds is < 3 or > 6 || value[3] > 99)
            return false;
        error = new StunError((hundreds * 100) + value[3], RemoteText.Clean(value[4..]));
        return true;
    }

    internal static int Write(Span<byte> value, int code, string reason)
    {
        value[..4].Clear();
        value[2] = (byte)(code / 100);
        value[3] = (byte)(code % 100);
        return 4 + Encoding.UTF8.GetBytes(reason, value[4..]);
    }

    public override string ToString() => Reason.Length == 0 ? $"error {Code}" : $"error {Code}: {Reason}";
}
