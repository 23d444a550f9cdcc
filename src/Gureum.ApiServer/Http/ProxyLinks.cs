using System.Text;

namespace Gureum.ApiServer.Http;

/// <summary>
/// Makes what a pod or Service answers point back through the proxy: absolute paths, and addresses of the same host, in
/// Location headers and in the links of HTML.
/// </summary>
/// <param name="prefix">The path of the proxy: /api/v1/namespaces/NS/pods/NAME/proxy.</param>
/// <param name="host">host:port that was asked.</param>
/// <param name="asked">The host that the client asked this server by.</param>
internal sealed class ProxyLinks(string prefix, string host, string asked)
{
    // Attributes that hold addresses, by element: https://html.spec.whatwg.org/multipage/indices.html#attributes-3, and those of HTML 4.
    private static readonly Dictionary<string, string[]> Attributes = new(StringComparer.OrdinalIgnoreCase)
    {
        ["a"] = ["href"], ["applet"] = ["codebase"], ["area"] = ["href"], ["audio"] = ["src"], ["base"] = ["href"], ["blockquote"] = ["cite"], ["body"] = ["background"], ["button"] = ["formaction"],
        ["command"] = ["icon"], ["del"] = ["cite"], ["embed"] = ["src"], ["form"] = ["action"], ["frame"] = ["longdesc", "src"], ["head"] = ["profile"], ["html"] = ["manifest"], ["iframe"] = ["longdesc", "src"],
        ["img"] = ["longdesc", "src", "usemap"], ["input"] = ["src", "usemap", "formaction"], ["ins"] = ["cite"], ["link"] = ["href"], ["object"] = ["classid", "codebase", "data", "usemap"], ["q"] = ["cite"],
        ["script"] = ["src"], ["source"] = ["src"], ["video"] = ["poster", "src"],
    };

    /// <summary>One address as it is to be seen from outside.</summary>
    internal string Rewrite(string address)
    {
        var (authority, path) = Split(address);
        if (!path.StartsWith('/') || (authority.Length > 0 && authority != host && authority != asked)) return address;
        var start = authority.Length > 0 && authority == asked ? address[..^path.Length] : "";
        return path.StartsWith(prefix, StringComparison.Ordinal) ? start + path : start + prefix + path;
    }

    // scheme://AUTHORITY/PATH or //AUTHORITY/PATH; anything else is a path, if it begins with one.
    private static (string Authority, string Path) Split(string address)
    {
        var at = address.StartsWith("//", StringComparison.Ordinal) ? 0 : address.IndexOf("://", StringComparison.Ordinal) is var colon and > 0 && address[..colon].All(char.IsAsciiLetterOrDigit) ? colon + 1 : -1;
        if (at < 0) return ("", address);
        var end = address.IndexOfAny(['/', '?', '#'], at + 2);
        return end < 0 ? (address[(at + 2)..], "") : (address[(at + 2)..end], address[end..]);
    }

    /// <summary>A page with its links rewritten; everything else stays as it is, to the character.</summary>
    internal string RewritePage(string html)
    {
        var page = new StringBuilder(html.Length + 256);
        var copied = 0;
        for (var at = html.IndexOf('<'); at >= 0; at = at < html.Length ? html.IndexOf('<', at) : -1)
        {
            if (string.CompareOrdinal(html, at, "<!--", 0, 4) == 0)
            {
                at = html.IndexOf("-->", at, StringComparison.Ordinal) is var close and >= 0 ? close + 3 : html.Length;
                continue;
            }
            var name = Word(html, at + 1);
            if (name.Length == 0) { at++; continue; }
            var inside = at + 1 + name.Length;
            while (Attribute(html, ref inside) is var (key, start, length))
            {
                if (length == 0 || !Attributes.TryGetValue(name, out var known) || !known.Contains(key, StringComparer.OrdinalIgnoreCase)) continue;
                page.Append(html, copied, start - copied).Append(Rewrite(html.Substring(start, length)));
                copied = start + length;
            }
            at = inside;
            // What scripts and styles hold is no HTML.
            if (name.Equals("script", StringComparison.OrdinalIgnoreCase) || name.Equals("style", StringComparison.OrdinalIgnoreCase))
                at = html.IndexOf("</" + name, at, StringComparison.OrdinalIgnoreCase) is var end and >= 0 ? end + 2 : html.Length;
        }
        return page.Append(html, copied, html.Length - copied).ToString();
    }

    private static string Word(string html, int at)
    {
        var end = at;
        while (end < html.Length && char.IsAsciiLetterOrDigit(html[end])) end++;
        return html[at..end];
    }

    // The next attribute of a tag: its name, and where its value is. Null at the end of the tag, which is then passed.
    private static (string Name, int Start, int Length)? Attribute(string html, ref int at)
    {
        while (at < html.Length && (char.IsWhiteSpace(html[at]) || html[at] == '/')) at++;
        if (at >= html.Length || html[at] == '>') { at = Math.Min(at + 1, html.Length); return null; }
        var begin = at++;
        while (at < html.Length && !char.IsWhiteSpace(html[at]) && html[at] is not ('=' or '>' or '/')) at++;
        var name = html[begin..at];
        var value = at;
        while (value < html.Length && char.IsWhiteSpace(html[value])) value++;
        if (value >= html.Length || html[value] != '=') return (name, at, 0);
        value++;
        while (value < html.Length && char.IsWhiteSpace(html[value])) value++;
        if (value >= html.Length) { at = html.Length; return (name, at, 0); }
        if (html[value] is '"' or '\'' && html.IndexOf(html[value], value + 1) is var quote and > 0) { at = quote + 1; return (name, value + 1, quote - value - 1); }
        at = value;
        while (at < html.Length && !char.IsWhiteSpace(html[at]) && html[at] != '>') at++;
        return (name, value, at - value);
    }
}
