using System.Globalization;
using System.Text;

namespace Compeer.Node.Configuration;

/// <summary>The table of options as a document.</summary>
public static class OptionTable
{
    /// <summary>docs/configuration.md.</summary>
    public static string Markdown()
    {
        var text = new StringBuilder();
        text.Append("""
            # Configuration

            Each option has one name. It is taken from, the later beating the earlier: its default; `config.json` in the data directory, which
            the page and `compeer config KEY=VALUE` write; the environment; a flag of `compeer daemon`, which is `--set KEY=VALUE` for those without one of their own. `compeer config` prints the effective values and where each
            comes from. This page is made by `compeer config --describe`, and a test holds it to the table in `NodeOptions.cs`.

            Bytes and rates are written as numbers or as 500K, 2M (powers of 1024); durations as seconds or 90s, 5m, 2h, 1d. Lists are
            separated by commas. What a change needs a restart for says so.


            """);
        foreach (IGrouping<string, NodeOption> area in NodeOptions.All.GroupBy(o => o.Area))
        {
            text.Append(CultureInfo.InvariantCulture, $"## {area.Key}\n\n| option | environment | unit | default | what it does |\n|---|---|---|---|---|\n");
            foreach (NodeOption option in area)
            {
                string unit = option.Unit ?? (option.Choices.Count > 0 ? string.Join(", ", option.Choices) : option.Kind.ToString().ToLowerInvariant());
                string help = option.Help + (option.NeedsRestart ? " Needs a restart." : "");
                text.Append(CultureInfo.InvariantCulture, $"| `{option.Key}` | `{option.EnvironmentVariable}` | {unit} | {(option.Default.Length > 0 ? $"`{option.Default}`" : "")} | {help} |\n");
            }
            text.Append('\n');
        }
        return text.ToString().TrimEnd() + "\n";
    }
}
