using System.Runtime.InteropServices;

// All native imports of this assembly are of the system's own libraries.
[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
