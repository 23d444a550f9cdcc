using System.CommandLine;
using Gureum.Comparing;
using Gureum.Running;
using Gureum.Starting;
using Spectre.Console;

namespace Gureum.Commands;

/// <summary><c>gureum compare</c>: the same program as a container and in a virtual machine, measured side by side.</summary>
internal static class CompareCommand
{
    // Narrower, and cells are broken where nobody looks for it.
    private const int PlainWidth = 120;

    internal static Command Create()
    {
        Option<string> data = CommonOptions.DataDirectory(), output = CommonOptions.Output();
        var command = new Command("compare", "Runs the same web server as a container and in a virtual machine on the cloud that is up, and shows what each costs.") { data, output };
        command.Runs(async (parsed, cancel) =>
        {
            Prerequisites.RequireRoot("compare");
            ClusterOptions options = Require(CommonOptions.Resolve(parsed.GetValue(data)!));
            using IDisposable only = await DataLock.TakeAsync(options.DataDirectory, "compare", TimeSpan.Zero, cancel);
            using ApiConnection api = ApiConnection.Open(options.AdminKubeconfig);
            using var comparison = new Comparison(options, api, new Progress());
            ComparisonResult result = await comparison.RunAsync(cancel);
            if (CommonOptions.WantsJson(parsed)) Console.WriteLine(ComparisonPrinter.Json(result).ToJsonString());
            else Print(result);
            return 0;
        });
        return command;
    }

    private static ClusterOptions Require(string directory)
    {
        string up = $"run `gureum up --data-dir {directory}` first";
        if (ClusterOptions.Load(directory) is not { } options) throw new CommandFailure($"there is no cloud in {directory}: {up}");
        if (options.JoinedServer is not null || !options.RunsNode) throw new CommandFailure($"the cloud in {directory} does not run its server and a node on this machine, where the processes are counted: run this on one that does");
        return Servers.Find(options) is { Ready: true } ? options : throw new CommandFailure($"the cloud in {directory} is not up: {up}");
    }

    private static void Print(ComparisonResult result)
    {
        IAnsiConsole console = AnsiConsole.Console;
        if (Console.IsOutputRedirected) console.Profile.Width = PlainWidth;
        console.MarkupLineInterpolated($"The same program in both: the web server of {result.Container.Program}.");
        console.Write(ComparisonPrinter.Table(result));
        console.WriteLine("containerd and libvirtd run once for all containers and machines: they are not counted.");
    }
}
