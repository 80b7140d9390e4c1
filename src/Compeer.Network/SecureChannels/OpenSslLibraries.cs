using System.Reflection;
using System.Runtime.InteropServices;

namespace Compeer.Network.SecureChannels;

/// <summary>Finds OpenSSL's libraries by the names that they have on each system. Thread-safe.</summary>
internal static class OpenSslLibraries
{
    /// <summary>The name under which libcrypto is imported.</summary>
    public const string Crypto = "libcrypto";

    /// <summary>The name under which libssl is imported.</summary>
    public const string Ssl = "libssl";

    // In the order of preference, which is .NET's own; the last two are other systems' names.
    private static readonly string[] Endings = [".so.3", ".so.1.1", ".3.dylib", "-3-x64.dll"];

    static OpenSslLibraries() => NativeLibrary.SetDllImportResolver(typeof(OpenSslLibraries).Assembly, Resolve);

    /// <summary>Has the imports of this assembly found from now on.</summary>
    public static void Register()
    {
        // The static constructor does it, once.
    }

    /// <summary>Loads libssl together with the libcrypto that the other imports use; false where there is none.</summary>
    public static bool TryLoadSsl(out IntPtr library)
    {
        string? ending = Array.Find(Endings, ending => TryLoad(Crypto + ending, out _));
        library = IntPtr.Zero;
        return ending is not null && TryLoad(Ssl + ending, out library);
    }

    private static IntPtr Resolve(string name, Assembly assembly, DllImportSearchPath? paths)
    {
        if (name == Ssl)
            return TryLoadSsl(out IntPtr ssl) ? ssl : IntPtr.Zero;
        if (name != Crypto)
            return IntPtr.Zero;
        foreach (string ending in Endings)
        {
            if (TryLoad(Crypto + ending, out IntPtr handle))
                return handle;
        }
        return IntPtr.Zero;
    }

    private static bool TryLoad(string name, out IntPtr handle) =>
        NativeLibrary.TryLoad(name, typeof(OpenSslLibraries).Assembly, DllImportSearchPath.SafeDirectories, out handle);
}
