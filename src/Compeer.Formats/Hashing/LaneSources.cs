using System.Runtime.InteropServices;

namespace Compeer.Formats.Hashing;

/// <summary>
/// Where each of up to sixteen lanes reads its next blocks: anywhere in memory, so that nothing has to be copied side by side first.
/// Every lane that is compressed has to be set.
/// </summary>
internal ref struct LaneSources
{
    public ref byte Lane0, Lane1, Lane2, Lane3, Lane4, Lane5, Lane6, Lane7, Lane8, Lane9, Lane10, Lane11, Lane12, Lane13, Lane14, Lane15;

    /// <summary>Lets a lane read from the beginning of <paramref name="bytes"/>, which must hold as many blocks as are compressed.</summary>
    public void Set(int lane, ReadOnlySpan<byte> bytes)
    {
        ref byte first = ref MemoryMarshal.GetReference(bytes);
        switch (lane)
        {
            case 0: Lane0 = ref first; break;
            case 1: Lane1 = ref first; break;
            case 2: Lane2 = ref first; break;
            case 3: Lane3 = ref first; break;
            case 4: Lane4 = ref first; break;
            case 5: Lane5 = ref first; break;
            case 6: Lane6 = ref first; break;
            case 7: Lane7 = ref first; break;
            case 8: Lane8 = ref first; break;
            case 9: Lane9 = ref first; break;
            case 10: Lane10 = ref first; break;
            case 11: Lane11 = ref first; break;
            case 12: Lane12 = ref first; break;
            case 13: Lane13 = ref first; break;
            case 14: Lane14 = ref first; break;
            default: Lane15 = ref first; break;
        }
    }

    /// <summary>Where a lane that was set reads.</summary>
    public readonly ref byte this[int lane]
    {
        get
        {
            switch (lane)
            {
                case 0: return ref Lane0;
                case 1: return ref Lane1;
                case 2: return ref Lane2;
                case 3: return ref Lane3;
                case 4: return ref Lane4;
                case 5: return ref Lane5;
                case 6: return ref Lane6;
                case 7: return ref Lane7;
                case 8: return ref Lane8;
                case 9: return ref Lane9;
                case 10: return ref Lane10;
                case 11: return ref Lane11;
                case 12: return ref Lane12;
                case 13: return ref Lane13;
                case 14: return ref Lane14;
                default: return ref Lane15;
            }
        }
    }
}
