using System.Globalization;

namespace Gureum.Objects;

/// <summary>A field that takes a number or a string: a port by number or by name, a count or a percentage.</summary>
public readonly record struct IntOrString
{
    public IntOrString(int number) => Number = number;
    public IntOrString(string text) => Text = text;

    public int Number { get; }

    /// <summary>Null when it is a number.</summary>
    public string? Text { get; }

    public static implicit operator IntOrString(int number) => new(number);
    public static implicit operator IntOrString(string text) => new(text);

    /// <summary>The number itself, or the percentage of <paramref name="total"/>, rounded up or down.</summary>
    /// <exception cref="FormatException">The string is not a whole percentage such as "25%".</exception>
    public int Scale(int total, bool roundUp)
    {
        if (Text is null) return Number;
        if (!Text.EndsWith('%') || !int.TryParse(Text.AsSpan(0, Text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var percent))
            throw new FormatException($"\"{Text}\" is neither a number nor a percentage such as \"25%\"");
        return (int)(roundUp ? ((long)percent * total + 99) / 100 : (long)percent * total / 100);
    }

    public override string ToString() => Text ?? Number.ToString(CultureInfo.InvariantCulture);
}
