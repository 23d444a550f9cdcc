using System.CommandLine;
using System.Text.Json.Nodes;
using Gureum.Machine;
using Gureum.Starting;
using Gureum.Testing;

namespace Gureum.Commands;

/// <summary><c>gureum test [NAME…]</c>: builds and runs every test of the clone.</summary>
internal static class TestCommand
{
    internal static Command Create()
    {
        Option<string> output = CommonOptions.Output();
        var names = new Argument<string[]>("names") { Description = "Parts of test projects' names, or of names of end-to-end test classes; none means all.", Arity = ArgumentArity.ZeroOrMore };
        var noInstall = new Option<bool>("--no-install") { Description = "Refuse to install missing OS packages: say which instead." };
        var command = new Command("test", "Builds and runs the tests: unit and contract tests first, end-to-end tests last.") { names, noInstall, output };
        command.Runs(async (parsed, cancel) =>
        {
            Prerequisites.RequireRoot("test");
            string root = Clone.Root("test");
            IReadOnlyList<TestProject> projects = TestProject.Find(root, parsed.GetValue(names)!);
            var progress = new Progress();
            await PrepareAsync(!parsed.GetValue(noInstall), projects.Any(p => p.RunsClouds), progress, cancel);
            TestTotals totals = await TestRun.RunAsync(projects, root, cancel);
            Console.WriteLine(CommonOptions.WantsJson(parsed)
                ? new JsonObject { ["passed"] = totals.Passed, ["failed"] = totals.Failed, ["skipped"] = totals.Skipped }.ToJsonString()
                : $"{totals.Passed} passed, {totals.Failed} failed, {totals.Skipped} skipped");
            return totals.Failed == 0 && totals.Passed > 0 ? 0 : 1;
        });
        return command;
    }

    private static async Task PrepareAsync(bool mayInstall, bool debian, Progress progress, CancellationToken cancel)
    {
        await Prerequisites.EnsureAsync(mayInstall, progress, cancel);
        IReadOnlyList<OsPackage> missing = PackageList.Missing([.. PackageList.VirtualMachines, .. PackageList.DebianGuest, .. PackageList.Tests, PackageList.Kubectl]);
        if (missing.Count > 0 && !mayInstall) throw new CommandFailure($"the tests need {string.Join(", ", missing.Select(p => p.Name))}; install them with: {PackageInstaller.Line(missing)}");
        await PackageInstaller.InstallAsync(missing, progress, cancel);
        // Clouds of tests live where nothing can be downloaded: their images are built here.
        await ExampleImport.ExampleImageLoader.BuildAsync(progress, cancel);
        await ExampleImport.GuestImageLoader.BuildAsync(progress, cancel);
        await ExampleImport.ConsolePageLoader.BuildAsync(progress, cancel);
        if (debian) await ExampleImport.GuestImageLoader.BuildDebianAsync(progress, cancel);
    }
}
