using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Gureum.Cel.Values;

namespace Gureum.Cel.Syntax;

/// <summary>What is wrong with an expression, and where.</summary>
/// <param name="Offset">Number of the code point, or -1 for the expression as a whole.</param>
/// <param name="Message">What is wrong.</param>
public sealed record CelIssue(int Offset, string Message);

/// <summary>An expression cannot be parsed or checked. The message has every issue in cel-go's form, with the line and a caret.</summary>
public sealed class CelCompileException(CelSource source, ImmutableArray<CelIssue> issues) : Exception(source.Describe(issues))
{
    /// <summary>All issues in order of their places.</summary>
    public ImmutableArray<CelIssue> Issues { get; } = issues;
}

/// <summary>The text of an expression.</summary>
public sealed class CelSource(string text, string description = "<input>")
{
    /// <summary>The text.</summary>
    public string Text { get; } = text;

    /// <summary>Renders issues as <c>ERROR: &lt;input&gt;:LINE:COLUMN: MESSAGE</c>, the line, and a caret under the place.</summary>
    public string Describe(IEnumerable<CelIssue> issues) =>
        string.Join('\n', issues.OrderBy(i => i.Offset).Select(Describe));

    private string Describe(CelIssue issue)
    {
        if (issue.Offset < 0) return $"ERROR: {description}:-1:0: {issue.Message}";
        int lineStart = 0, line = 1, number = 0, lineNumber = 0;
        for (int at = 0; at < Text.Length && number < issue.Offset; at += CodePoints.Width(Text, at))
        {
            number++;
            if (Text[at] != '\n') continue;
            line++;
            lineStart = at + 1;
            lineNumber = number;
        }

        int column = issue.Offset - lineNumber;
        int end = Text.IndexOf('\n', lineStart);
        string content = (end < 0 ? Text[lineStart..] : Text[lineStart..end]).Replace('\t', ' ');
        var marks = new StringBuilder();
        int position = 0;
        for (int i = 0; i < column && position < content.Length; i++)
        {
            marks.Append(content[position] > 0x7f ? '．' : '.');
            position += CodePoints.Width(content, position);
        }

        marks.Append(position < content.Length && content[position] > 0x7f ? '＾' : '^');
        return string.Create(CultureInfo.InvariantCulture, $"ERROR: {description}:{line}:{column + 1}: {issue.Message}\n | {content}\n | {marks}");
    }
}
