using System.Diagnostics.CodeAnalysis;
using System.IO.Enumeration;
using System.Text.RegularExpressions;

namespace Compeer.Node.Intake;

/// <summary>
/// What a rule looks for in a title, in any case of letters: text that it contains, with * and ? for what may be anything; or, between
/// slashes, a regular expression, which takes time in proportion to the title whatever it says.
/// </summary>
public sealed class TitlePattern
{
    private const int MaxLength = 200;
    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(100);

    private readonly string _text;
    private readonly Regex? _expression;

    private TitlePattern(string text, Regex? expression) => (_text, _expression) = (text, expression);

    /// <summary>Reads one; false with what is wrong with it.</summary>
    public static bool TryRead(string text, [NotNullWhen(true)] out TitlePattern? pattern, out string problem)
    {
        (pattern, problem) = (null, "");
        text = text.Trim();
        if (text.Length > MaxLength)
        {
            problem = $"it is longer than {MaxLength} characters";
            return false;
        }
        if (text is not ['/', .. var expression, '/'])
        {
            pattern = new TitlePattern($"*{text.Replace(@"\", @"\\", StringComparison.Ordinal)}*", null);
            return true;
        }
        try
        {
            pattern = new TitlePattern(text, new Regex(expression, RegexOptions.NonBacktracking | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, Limit));
            return true;
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            problem = $"it is no regular expression that can be used: {e.Message}";
            return false;
        }
    }

    /// <summary>Whether a title is meant; what cannot be decided in a tenth of a second is not.</summary>
    public bool Matches(string title)
    {
        try
        {
            return _expression?.IsMatch(title) ?? FileSystemName.MatchesSimpleExpression(_text, title);
        }
        catch (RegexMatchTimeoutException)
        {
            return false;
        }
    }
}
