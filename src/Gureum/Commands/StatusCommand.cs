using System.CommandLine;
using System.Text.Json.Nodes;
using Gureum.Reporting;
using Gureum.Running;

namespace Gureum.Commands;

/// <summary><c>gureum status</c>: what runs, where the state is, what is wrong and what to do about it.</summary>
internal static class StatusCommand
{
    internal static Command Create()
    {
        Option<string> data = CommonOptions.DataDirectory(), output = CommonOptions.Output();
        var command = new Command("status", "Says what runs, where the state is, what is wrong and what to do about it.") { data, output };
        command.Runs(async (parsed, cancel) =>
        {
            string directory = CommonOptions.Resolve(parsed.GetValue(data)!);
            bool json = CommonOptions.WantsJson(parsed);
            if (ClusterOptions.Load(directory) is not { } options)
            {
                Console.WriteLine(json
                    ? new JsonObject { ["dataDir"] = directory, ["state"] = "absent", ["pid"] = null }.ToJsonString()
                    : $"There is no cloud in {directory}: `gureum up --data-dir {directory}` makes one.");
                return 0;
            }

            CloudStatus status = await StatusReader.ReadAsync(options, cancel);
            if (json) Console.WriteLine(StatusPrinter.Json(status));
            else foreach (string line in StatusPrinter.Lines(status)) Console.WriteLine(line);
            return 0;
        });
        return command;
    }
}
