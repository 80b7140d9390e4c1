using System.Diagnostics;

namespace Compeer.InteropTests.Lab;

/// <summary>Runs the small programs that build networks: ip, tc, nft, sysctl.</summary>
internal static class LabTool
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    /// <summary>What the program printed. Throws with what it complained of when it fails.</summary>
    public static async Task<string> RunAsync(string program, string[] arguments, string? input = null)
    {
        var start = new ProcessStartInfo(Prerequisites.PathOf(program), arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        using Process process = Process.Start(start)!;
        if (input is not null)
            await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        using var limit = new CancellationTokenSource(Limit);
        Task<string> output = process.StandardOutput.ReadToEndAsync(limit.Token);
        string error = await process.StandardError.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);
        return process.ExitCode == 0 ? await output : throw new LabException($"{program} {string.Join(' ', arguments)}: {error.Trim()}\n{input}");
    }

    /// <summary>The same inside a namespace.</summary>
    public static Task<string> RunInAsync(string networkNamespace, string program, string[] arguments, string? input = null) =>
        RunAsync("ip", ["netns", "exec", networkNamespace, Prerequisites.PathOf(program), .. arguments], input);

    /// <summary>The same for clearing up, where a failure means that there was nothing to clear.</summary>
    public static async Task<string> TryRunAsync(string program, string[] arguments)
    {
        try
        {
            return await RunAsync(program, arguments);
        }
        catch (LabException)
        {
            return "";
        }
    }
}
