using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gureum.Machine;

namespace Gureum.Testing;

/// <summary>Builds and runs test projects one after the other, and sums up their reports (CTRF, a JSON format).</summary>
internal static class TestRun
{
    /// <summary>Runs all projects, whatever becomes of the ones before. What cannot be built or reports nothing counts as one failure.</summary>
    internal static async Task<TestTotals> RunAsync(IReadOnlyList<TestProject> projects, string root, CancellationToken cancel)
    {
        var totals = new TestTotals(0, 0, 0);
        string reports = Path.Combine(root, "artifacts", "tests");
        Directory.CreateDirectory(reports);
        foreach (TestProject project in projects)
        {
            long start = Stopwatch.GetTimestamp();
            TestTotals own = await RunOneAsync(project, reports, cancel);
            totals += own;
            Console.WriteLine($"-- {project.Name}: {own.Passed} passed, {own.Failed} failed, {own.Skipped} skipped in {Stopwatch.GetElapsedTime(start).TotalSeconds:0} s");
        }

        return totals;
    }

    private static async Task<TestTotals> RunOneAsync(TestProject project, string reports, CancellationToken cancel)
    {
        Console.WriteLine($"-- {project.Name}");
        ProgramResult build = await Subprocess.RunAsync("dotnet", ["build", project.File, "-c", "Release", "-v", "q", "--nologo", "-p:NuGetAudit=false"], cancel);
        if (build.ExitCode != 0)
        {
            foreach (string line in build.Output.Split('\n').Where(l => l.Contains("error", StringComparison.Ordinal)).Distinct().Take(20)) Console.WriteLine(line);
            Console.WriteLine($"{project.Name} does not build");
            return new TestTotals(0, 1, 0);
        }

        string program = Path.Combine(Path.GetDirectoryName(project.File)!, "bin", "Release", "net10.0", project.Name), report = Path.Combine(reports, project.Name + ".json");
        File.Delete(report);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(project.Limit);
        try
        {
            ProgramResult result = await Subprocess.RunAsync(program, ["-noLogo", "-noColor", "-longRunning", "240", "-result-ctrf", report, .. project.Classes.SelectMany(static c => (string[])["-class", $"*.{c}"])], limit.Token, line: Console.WriteLine, directory: Path.GetDirectoryName(project.File));
            return Totals(project, report, result.ExitCode);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            Console.WriteLine($"{project.Name} was ended: it ran longer than {project.Limit.TotalMinutes:0} minutes");
            return new TestTotals(0, 1, 0);
        }
    }

    private static TestTotals Totals(TestProject project, string report, int exitCode)
    {
        try
        {
            JsonNode summary = JsonNode.Parse(File.ReadAllBytes(report))!["results"]!["summary"]!;
            var totals = new TestTotals((int)summary["passed"]!, (int)summary["failed"]! + (int)summary["other"]!, (int)summary["skipped"]! + (int)summary["pending"]!);
            // A crash after the last test, or an error outside of any, shows in the exit code alone.
            return exitCode != 0 && totals.Failed == 0 ? totals with { Failed = 1 } : totals;
        }
        catch (Exception e) when (e is IOException or JsonException or NullReferenceException)
        {
            Console.WriteLine($"{project.Name} ended with code {exitCode} and no report ({e.Message})");
            return new TestTotals(0, 1, 0);
        }
    }
}
