using Gureum.Commands;

namespace Gureum.Testing;

/// <summary>A test project of the clone.</summary>
/// <param name="Name">As in its assembly's name.</param>
/// <param name="File">Its project file.</param>
/// <param name="Limit">Time after which a run of it is ended and counts as failed.</param>
internal sealed record TestProject(string Name, string File, TimeSpan Limit)
{
    /// <summary>The project whose tests run other people's clients: slower than those of one part, so they come after them.</summary>
    private const string Clients = "Clients";

    /// <summary>The project whose tests run whole clouds: slow, so they come last.</summary>
    private const string EndToEnd = "EndToEnd";

    /// <summary>Whether its tests run whole clouds, with every guest there is.</summary>
    internal bool RunsClouds => Name == EndToEnd;

    /// <summary>The classes that are run, by name; empty for all.</summary>
    internal IReadOnlyList<string> Classes { get; private init; } = [];

    /// <summary>All projects in the order in which they run, or those with one of the names in theirs; of the clouds' tests also single classes, which are slow each.</summary>
    /// <exception cref="CommandFailure">A name fits no project and no class.</exception>
    internal static IReadOnlyList<TestProject> Find(string root, IReadOnlyList<string> names)
    {
        TestProject[] all =
        [
            .. Directory.EnumerateFiles(Path.Combine(root, "tests"), "*.csproj", SearchOption.AllDirectories)
                .Select(f => (Name: Path.GetFileNameWithoutExtension(f), File: f))
                .Where(p => p.Name.EndsWith(".Tests", StringComparison.Ordinal) || p.Name is Clients or EndToEnd)
                .OrderBy(p => p.Name == EndToEnd).ThenBy(p => p.Name == Clients).ThenBy(p => p.Name, StringComparer.Ordinal)
                .Select(p => new TestProject(p.Name, p.File, p.Name == EndToEnd ? TimeSpan.FromMinutes(50) : TimeSpan.FromMinutes(8))),
        ];
        string[] unknown = [.. names.Where(n => !all.Any(p => p.Fits(n) || p.ClassesLike(n).Any()))];
        if (unknown.Length > 0) throw new CommandFailure($"no test project is named like {string.Join(", ", unknown)}; there are {string.Join(", ", all.Select(p => p.Name))}");
        return names.Count == 0 ? all : [.. all.Select(p => names.Any(p.Fits) ? p : p with { Classes = [.. names.SelectMany(p.ClassesLike).Distinct()] }).Where(p => names.Any(p.Fits) || p.Classes.Count > 0)];
    }

    private IEnumerable<string> ClassesLike(string name) => !RunsClouds ? [] : Directory.EnumerateFiles(Path.GetDirectoryName(File)!, "*Tests.cs").Select(static f => Path.GetFileNameWithoutExtension(f)!).Where(c => c.Contains(name, StringComparison.OrdinalIgnoreCase));

    private bool Fits(string name) => Name.Contains(name, StringComparison.OrdinalIgnoreCase);
}

/// <summary>How many tests passed, failed and were skipped.</summary>
internal sealed record TestTotals(int Passed, int Failed, int Skipped)
{
    public static TestTotals operator +(TestTotals a, TestTotals b) => new(a.Passed + b.Passed, a.Failed + b.Failed, a.Skipped + b.Skipped);
}
