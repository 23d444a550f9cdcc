using System.Text;

namespace Gureum.Cel.Kubernetes;

/// <summary>Names of properties as expressions write them (kubernetes.io, "CEL in Kubernetes", "Escaping"): <c>a-b</c> is <c>a__dash__b</c>.</summary>
public static class PropertyNames
{
    private static readonly HashSet<string> Reserved =
    [
        "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package", "namespace", "return", "var", "void", "while",
    ];

    /// <summary>The identifier for a property; null if there is none, and no expression can reach the property.</summary>
    public static string? Escape(string property)
    {
        if (property.Length == 0 || char.IsAsciiDigit(property[0])) return null;
        if (Reserved.Contains(property)) return $"__{property}__";
        var result = new StringBuilder(property.Length);
        for (int i = 0; i < property.Length; i++)
        {
            char c = property[i];
            if (c == '_' && i + 1 < property.Length && property[i + 1] == '_')
            {
                result.Append("__underscores__");
                i++;
                continue;
            }

            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '.' or '-' or '/')) return null;
            result.Append(c switch { '.' => "__dot__", '-' => "__dash__", '/' => "__slash__", _ => c.ToString() });
        }

        return result.ToString();
    }

    /// <summary>The property for an identifier; null if its escapes are none.</summary>
    public static string? Unescape(string identifier)
    {
        if (!identifier.Contains("__", StringComparison.Ordinal)) return identifier;
        var result = new StringBuilder(identifier.Length);
        for (int i = 0; i < identifier.Length;)
        {
            int end;
            if (identifier[i] != '_' || i + 1 >= identifier.Length || identifier[i + 1] != '_' || (end = identifier.IndexOf("__", i + 2, StringComparison.Ordinal)) <= i + 2 || identifier.AsSpan(i + 2, end - i - 2).Contains('_'))
            {
                result.Append(identifier[i++]);
                continue;
            }

            string word = identifier[(i + 2)..end];
            string? plain = word switch { "underscores" => "__", "dot" => ".", "dash" => "-", "slash" => "/", _ => null };
            if (plain is null && !(i == 0 && end + 2 == identifier.Length && Reserved.Contains(word))) return null;
            result.Append(plain ?? word);
            i = end + 2;
        }

        return result.ToString();
    }
}
