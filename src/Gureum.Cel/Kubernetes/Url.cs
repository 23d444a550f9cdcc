using System.Text;

namespace Gureum.Cel.Kubernetes;

/// <summary>An absolute URL or an absolute path, taken apart as Go's url.ParseRequestURI does.</summary>
/// <param name="Text">As it was given.</param>
/// <param name="Scheme">In lower case; empty for a path.</param>
/// <param name="Host">Name or address and perhaps a port.</param>
/// <param name="EscapedPath">Percent-encoded.</param>
/// <param name="RawQuery">Without the question mark.</param>
internal sealed record Url(string Text, string Scheme, string Host, string EscapedPath, string RawQuery)
{
    public bool Equals(Url? other) => other?.Text == Text;

    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

    internal string Hostname
    {
        get
        {
            if (Host.StartsWith('[')) return Host[1..Host.IndexOf(']', StringComparison.Ordinal)];
            int colon = Host.LastIndexOf(':');
            return colon < 0 ? Host : Host[..colon];
        }
    }

    internal string Port
    {
        get
        {
            int colon = Host.LastIndexOf(':');
            return colon < 0 || colon < Host.LastIndexOf(']') ? "" : Host[(colon + 1)..];
        }
    }

    /// <summary>The values of each name; pairs that are not encoded well are passed over.</summary>
    internal Dictionary<string, List<string>> Query()
    {
        var result = new Dictionary<string, List<string>>();
        foreach (string pair in RawQuery.Split('&'))
        {
            if (pair.Length == 0 || pair.Contains(';', StringComparison.Ordinal)) continue;
            int equals = pair.IndexOf('=', StringComparison.Ordinal);
            string? name = Decode(equals < 0 ? pair : pair[..equals], true), value = Decode(equals < 0 ? "" : pair[(equals + 1)..], true);
            if (name is null || value is null) continue;
            if (!result.TryGetValue(name, out List<string>? values)) result[name] = values = [];
            values.Add(value);
        }

        return result;
    }

    /// <summary>Reads a URL; null, with the reason, if the text is none.</summary>
    internal static Url? Parse(string text, out string refusal)
    {
        refusal = "";
        string? wrong = TryParse(text, out Url? url);
        if (wrong is null) return url;
        refusal = $"parse \"{text}\": {wrong}";
        return null;
    }

    private static string? TryParse(string text, out Url? url)
    {
        url = null;
        if (text.Any(c => c < ' ' || c == 0x7f)) return "net/url: invalid control character in URL";
        if (text.Length == 0) return "empty url";
        int colon = 0;
        while (colon < text.Length && (char.IsAsciiLetter(text[colon]) || (colon > 0 && (char.IsAsciiDigit(text[colon]) || text[colon] is '+' or '-' or '.')))) colon++;
        bool hasScheme = colon > 0 && colon < text.Length && text[colon] == ':';
        if (!hasScheme && text[0] == ':') return "missing protocol scheme";
        string scheme = hasScheme ? text[..colon].ToLowerInvariant() : "", rest = hasScheme ? text[(colon + 1)..] : text;
        int question = rest.IndexOf('?', StringComparison.Ordinal);
        string query = question < 0 ? "" : rest[(question + 1)..];
        if (question >= 0) rest = rest[..question];
        if (!rest.StartsWith('/')) return "invalid URI for request";
        // What follows # is no part of a request, but url() takes it off where it stands.
        query = query.Split('#')[0];
        rest = rest.Split('#')[0];
        string host = "";
        if (hasScheme && rest.StartsWith("//", StringComparison.Ordinal))
        {
            int slash = rest.IndexOf('/', 2);
            string authority = slash < 0 ? rest[2..] : rest[2..slash];
            rest = slash < 0 ? "" : rest[slash..];
            int at = authority.LastIndexOf('@');
            if (at >= 0 && authority[..at].Any(c => !char.IsAsciiLetterOrDigit(c) && !"-._:~!$&'()*+,;=%@".Contains(c, StringComparison.Ordinal))) return "net/url: invalid userinfo";
            host = authority[(at + 1)..];
            if (HostRefusal(host) is { } wrong) return wrong;
        }

        if (Decode(rest, false) is not { } path) return $"invalid URL escape \"{FirstBadEscape(rest)}\"";
        url = new Url(text, scheme, host, rest.All(IsPathCharacter) ? rest : Escape(path), query);
        return null;
    }

    private static string? HostRefusal(string host)
    {
        string port;
        if (host.StartsWith('['))
        {
            int close = host.LastIndexOf(']');
            if (close < 0) return "missing ']' in host";
            port = host[(close + 1)..];
        }
        else
        {
            int colon = host.LastIndexOf(':');
            port = colon < 0 ? "" : host[colon..];
            string name = colon < 0 ? host : host[..colon];
            foreach (char c in name)
            {
                if (c is ' ' or '<' or '>' or '"' or '\\' or '^' or '`' or '{' or '|' or '}') return $"invalid character \"{c}\" in host name";
            }
        }

        return port.Length == 0 || (port[0] == ':' && port.Skip(1).All(char.IsAsciiDigit)) ? null : $"invalid port \"{port}\" after host";
    }

    private static bool IsPathCharacter(char c) => char.IsAsciiLetterOrDigit(c) || "-_.~!$&'()*+,;=:@[]/%".Contains(c, StringComparison.Ordinal);

    private static string Escape(string path)
    {
        var result = new StringBuilder();
        foreach (byte b in Encoding.UTF8.GetBytes(path))
        {
            char c = (char)b;
            if (char.IsAsciiLetterOrDigit(c) || "-_.~$&+,/:;=@".Contains(c, StringComparison.Ordinal)) result.Append(c);
            else result.Append('%').Append(b.ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
        }

        return result.ToString();
    }

    private static string? Decode(string text, bool plusIsSpace)
    {
        if (!text.Contains('%', StringComparison.Ordinal)) return plusIsSpace ? text.Replace('+', ' ') : text;
        var bytes = new List<byte>();
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '%')
            {
                if (i + 2 >= text.Length || !char.IsAsciiHexDigit(text[i + 1]) || !char.IsAsciiHexDigit(text[i + 2])) return null;
                bytes.Add(Convert.ToByte(text.Substring(i + 1, 2), 16));
                i += 2;
            }
            else if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length)
            {
                bytes.AddRange(Encoding.UTF8.GetBytes(text, i, 2));
                i++;
            }
            else
            {
                bytes.AddRange(Encoding.UTF8.GetBytes([text[i] == '+' && plusIsSpace ? ' ' : text[i]]));
            }
        }

        return Encoding.UTF8.GetString([.. bytes]);
    }

    private static string FirstBadEscape(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '%' && (i + 2 >= text.Length || !char.IsAsciiHexDigit(text[i + 1]) || !char.IsAsciiHexDigit(text[i + 2]))) return text[i..Math.Min(text.Length, i + 3)];
        }

        return text;
    }
}
