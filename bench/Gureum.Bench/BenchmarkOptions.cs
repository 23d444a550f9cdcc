using System.Globalization;

namespace Gureum.Bench;

/// <summary>Options given as <c>--name value</c> or <c>--name</c> alone (immutable).</summary>
internal sealed record BenchmarkOptions(IReadOnlyDictionary<string, string> Values)
{
    /// <exception cref="BenchmarkFailure">A word is no option, or no option of this benchmark.</exception>
    internal static BenchmarkOptions Parse(IReadOnlyList<string> words, IReadOnlyDictionary<string, string> known)
    {
        var values = new Dictionary<string, string>(known);
        for (int i = 0; i < words.Count; i++)
        {
            string name = words[i].StartsWith("--", StringComparison.Ordinal) ? words[i][2..] : throw new BenchmarkFailure($"\"{words[i]}\" is not an option; options look like --name value");
            if (!known.ContainsKey(name)) throw new BenchmarkFailure($"there is no option --{name}; there are {(known.Count == 0 ? "none" : string.Join(", ", known.Keys.Select(k => "--" + k)))}");
            values[name] = i + 1 < words.Count && !words[i + 1].StartsWith("--", StringComparison.Ordinal) ? words[++i] : "true";
        }

        return new BenchmarkOptions(values);
    }

    internal string Text(string name) => Values[name];

    /// <exception cref="BenchmarkFailure">The value is not a whole number above zero.</exception>
    internal int Count(string name) =>
        int.TryParse(Values[name], NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count > 0 ? count : throw new BenchmarkFailure($"--{name} {Values[name]}: a whole number above zero is wanted");
}
