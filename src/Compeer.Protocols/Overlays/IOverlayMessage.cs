namespace Compeer.Protocols.Overlays;

/// <summary>What a simulation wants to know of any message.</summary>
public interface IOverlayMessage
{
    /// <summary>The number of its kind, from 0; below 32.</summary>
    int KindNumber { get; }

    /// <summary>A number that differs where messages differ, the same in every process; not meant against forgery.</summary>
    ulong Digest { get; }
}
