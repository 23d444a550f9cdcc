using System.Globalization;

namespace Gureum.Cel.Kubernetes;

/// <summary>A version by Semantic Versioning 2.0.0 (semver.org). Build metadata takes no part in order or equality.</summary>
internal sealed record SemanticVersion(ulong Major, ulong Minor, ulong Patch, string[] PreRelease) : IComparable<SemanticVersion>
{
    public bool Equals(SemanticVersion? other) => other is not null && CompareTo(other) == 0;

    public override int GetHashCode() => HashCode.Combine(Major, Minor, Patch, PreRelease.Length);

    public int CompareTo(SemanticVersion? other)
    {
        if (other is null) return 1;
        int order = (Major, Minor, Patch).CompareTo((other.Major, other.Minor, other.Patch));
        if (order != 0) return Math.Sign(order);
        if (PreRelease.Length == 0 || other.PreRelease.Length == 0) return other.PreRelease.Length.CompareTo(PreRelease.Length) is var c && PreRelease.Length == other.PreRelease.Length ? 0 : Math.Sign(c);
        for (int i = 0; i < Math.Min(PreRelease.Length, other.PreRelease.Length); i++)
        {
            order = Compare(PreRelease[i], other.PreRelease[i]);
            if (order != 0) return order;
        }

        return PreRelease.Length.CompareTo(other.PreRelease.Length);
    }

    /// <summary>Reads a version; null, with the reason, if the text is none. <paramref name="normalize"/>: a leading v, missing parts and leading zeros are allowed.</summary>
    internal static SemanticVersion? Parse(string text, bool normalize, out string refusal)
    {
        if (normalize)
        {
            if (text.StartsWith('v')) text = text[1..];
            string[] short_ = [.. text.Split('.', 3).Select(WithoutZeros)];
            if (short_.Length < 3)
            {
                refusal = "short version cannot contain PreRelease/Build meta data";
                if (short_[^1].AsSpan().IndexOfAny('+', '-') >= 0) return null;
                short_ = [.. short_, .. Enumerable.Repeat("0", 3 - short_.Length)];
            }

            text = string.Join('.', short_);
        }

        refusal = text.Length == 0 ? "Version string empty" : $"\"{text}\" is no version of the form MAJOR.MINOR.PATCH[-PRERELEASE][+BUILD]";
        string core = text, pre = "";
        int plus = core.IndexOf('+', StringComparison.Ordinal);
        if (plus >= 0)
        {
            if (core[(plus + 1)..].Split('.').Any(p => !IsIdentifier(p))) return null;
            core = core[..plus];
        }

        int dash = core.IndexOf('-', StringComparison.Ordinal);
        if (dash >= 0)
        {
            pre = core[(dash + 1)..];
            core = core[..dash];
            if (pre.Split('.').Any(p => !IsIdentifier(p) || (p.Length > 1 && p[0] == '0' && p.All(char.IsAsciiDigit)))) return null;
        }

        string[] parts = core.Split('.');
        if (parts.Length != 3 || !Number(parts[0], out ulong major) || !Number(parts[1], out ulong minor) || !Number(parts[2], out ulong patch)) return null;
        return new SemanticVersion(major, minor, patch, dash < 0 ? [] : pre.Split('.'));
    }

    private static int Compare(string a, string b)
    {
        bool x = a.All(char.IsAsciiDigit), y = b.All(char.IsAsciiDigit);
        if (x != y) return x ? -1 : 1;
        return Math.Sign(x && a.Length != b.Length ? a.Length.CompareTo(b.Length) : string.CompareOrdinal(a, b));
    }

    private static string WithoutZeros(string part)
    {
        if (part.Length < 2) return part;
        string rest = part.TrimStart('0');
        return rest.Length == 0 || !char.IsAsciiDigit(rest[0]) ? "0" + rest : rest;
    }

    private static bool IsIdentifier(string part) => part.Length > 0 && part.All(c => char.IsAsciiLetterOrDigit(c) || c == '-');

    private static bool Number(string part, out ulong value)
    {
        value = 0;
        return (part.Length == 1 || !part.StartsWith('0')) && ulong.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }
}
