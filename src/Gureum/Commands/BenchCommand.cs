using System.CommandLine;
using Gureum.Machine;

namespace Gureum.Commands;

/// <summary><c>gureum bench [NAME]</c>: builds and runs the benchmarks of the clone.</summary>
internal static class BenchCommand
{
    internal static Command Create()
    {
        var words = new Argument<string[]>("arguments") { Description = "A benchmark's name and its options; none lists them.", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("bench", "Runs a benchmark, beside a real peer.") { words };
        command.TreatUnmatchedTokensAsErrors = false;
        command.Runs(async (_, _) =>
        {
            string project = Path.Combine(Clone.Root("bench"), "bench", "Gureum.Bench");
            if (!Directory.Exists(project)) throw new CommandFailure($"this clone has no benchmarks in {project}");
            string[] rest = [.. Environment.GetCommandLineArgs().SkipWhile(w => w != "bench").Skip(1)];
            // What is measured is this very build of the program.
            var environment = new Dictionary<string, string> { ["GUREUM_PROGRAM"] = Environment.ProcessPath! };
            return await Subprocess.RunAttachedAsync("dotnet", ["run", "--project", project, "-c", "Release", "--", .. rest], environment);
        });
        return command;
    }
}
