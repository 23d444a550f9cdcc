using System.Text.Json.Nodes;

namespace Gureum.Cel.Tests.Conformance;

/// <summary>Every section of cel-spec's conformance suite.</summary>
public sealed class ConformanceTests(ITestOutputHelper output)
{
    private static readonly Lazy<IReadOnlyList<ConformanceCase>> Cases = new(() => [.. Read(ConformanceData.Load("conformance"), "")]);

    public static TheoryData<string> Sections => [.. Cases.Value.Select(c => c.Section).Distinct()];

    [Theory]
    [MemberData(nameof(Sections))]
    public void Section_AllCases_Pass(string section)
    {
        string[] wrong = [.. Cases.Value.Where(c => c.Section == section && c.LeftOut is null).Select(c => c.Run() is { } fault ? $"{c.Name}: {c.Expression} {fault}" : null).OfType<string>()];
        Assert.True(wrong.Length == 0, string.Join('\n', wrong));
    }

    [Fact]
    public void LeftOutCases_Counted_MatchTheList()
    {
        var counts = Cases.Value.Where(c => c.LeftOut is not null).GroupBy(c => c.LeftOut!).ToDictionary(g => g.Key, g => g.Count());
        foreach ((string reason, int count) in counts.OrderByDescending(p => p.Value)) output.WriteLine($"{count} left out: {reason}");
        output.WriteLine($"{Cases.Value.Count(c => c.LeftOut is null)} of {Cases.Value.Count} run");
        Assert.Equal(LeftOutCases.Expected, counts);
    }

    private static IEnumerable<ConformanceCase> Read(JsonNode suite, string section)
    {
        foreach (JsonNode? test in suite["tests"]?.AsArray() ?? []) yield return new ConformanceCase(section, (string)test!["original"]!["name"]!, test["original"]!);
        foreach (JsonNode? inner in suite["suites"]?.AsArray() ?? [])
        {
            string name = (string)inner!["name"]!;
            foreach (ConformanceCase c in Read(inner, section.Length == 0 ? name : $"{section}/{name}")) yield return c;
        }
    }
}
