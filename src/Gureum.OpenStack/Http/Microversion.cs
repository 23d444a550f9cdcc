using System.Globalization;

namespace Gureum.OpenStack.Http;

/// <summary>A microversion, 2.93 (https://specs.openstack.org/openstack/api-wg/guidelines/microversion_specification.html).</summary>
public readonly record struct Microversion(int Major, int Minor) : IComparable<Microversion>
{
    public int CompareTo(Microversion other) => Major != other.Major ? Major.CompareTo(other.Major) : Minor.CompareTo(other.Minor);

    public static bool operator <(Microversion a, Microversion b) => a.CompareTo(b) < 0;
    public static bool operator >(Microversion a, Microversion b) => a.CompareTo(b) > 0;
    public static bool operator <=(Microversion a, Microversion b) => a.CompareTo(b) <= 0;
    public static bool operator >=(Microversion a, Microversion b) => a.CompareTo(b) >= 0;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Major}.{Minor}");

    /// <summary>"2.93"; null for anything else.</summary>
    public static Microversion? Parse(string text)
    {
        var dot = text.IndexOf('.');
        return dot > 0 && Digits(text[..dot]) is { } major && Digits(text[(dot + 1)..]) is { } minor ? new Microversion(major, minor) : null;
    }

    private static int? Digits(string text) => text.Length is > 0 and < 6 && text.All(char.IsAsciiDigit) && (text.Length == 1 || text[0] != '0') ? int.Parse(text, CultureInfo.InvariantCulture) : null;
}
