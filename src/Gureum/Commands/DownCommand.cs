using System.CommandLine;
using System.Text.Json.Nodes;
using Gureum.Running;
using Gureum.Starting;

namespace Gureum.Commands;

/// <summary><c>gureum down</c>: undoes `up`. The state stays unless it is asked to go.</summary>
internal static class DownCommand
{
    internal static Command Create()
    {
        Option<string> data = CommonOptions.DataDirectory(), output = CommonOptions.Output();
        var purge = new Option<bool>("--purge") { Description = "Delete the data directory too: objects, keys, images and volumes." };
        var now = new Option<bool>("--now") { Description = $"Kill containers at once, instead of giving them their grace period (at most {ClusterTeardown.MostGrace.TotalSeconds:0} s)." };
        var command = new Command("down", "Stops the cloud and undoes what it made on this machine; its data directory stays.") { data, purge, now, output };
        command.Runs(async (parsed, cancel) =>
        {
            Prerequisites.RequireRoot("down");
            string directory = CommonOptions.Resolve(parsed.GetValue(data)!);
            bool delete = parsed.GetValue(purge), json = CommonOptions.WantsJson(parsed);
            if (ClusterOptions.Load(directory) is not { } options)
            {
                if (delete && Directory.Exists(directory) && Directory.EnumerateFileSystemEntries(directory).Any(e => !DataLock.IsLock(e)))
                    throw new CommandFailure($"{directory} holds no cloud (it has no cluster.json), so --purge leaves it alone: delete it by hand if you mean it");
                Report(json, directory, wasUp: false, purged: false, $"There is no cloud in {directory}; nothing to do.");
                return 0;
            }

            bool wasUp = await TakeDownAsync(options, parsed.GetValue(now) ? TimeSpan.Zero : ClusterTeardown.MostGrace, cancel);
            if (delete) Directory.Delete(directory, recursive: true);
            Report(json, directory, wasUp, delete, delete
                ? $"The cloud is down and {directory} is deleted."
                : $"The cloud is down: no process, mount, namespace, link, rule or control group of it is left. Its state stays in {directory}; `gureum up` continues from it, `gureum down --purge` deletes it.");
            return 0;
        });
        return command;
    }

    private static async Task<bool> TakeDownAsync(ClusterOptions options, TimeSpan grace, CancellationToken cancel)
    {
        using IDisposable only = await DataLock.TakeAsync(options.DataDirectory, "change", TimeSpan.FromMinutes(2), cancel);
        var progress = new Progress();
        ServerProcess? server = Servers.Find(options);
        if (server is not null) await progress.RunAsync($"stopping the server (process {server.Pid})", async _ => await ServerStopper.StopAsync(server, cancel));
        // Nobody may start a server while its things are taken away; a server that has not announced itself yet holds this too.
        using IDisposable noServer = await DataLock.TakeAsync(options.DataDirectory, "serve", TimeSpan.FromSeconds(30), cancel);
        IReadOnlyList<string> problems = await progress.RunAsync("stopping containers and undoing the network", _ => ClusterTeardown.RunAsync(options, grace, cancel));
        if (problems.Count > 0) throw new CommandFailure($"not everything could be undone: {string.Join("; ", problems)}; mend that and run `gureum down --data-dir {options.DataDirectory}` again");
        if (Directory.Exists(options.RunDirectory)) File.Delete(options.ServerFile);
        RemoveIfEmpty(options.RunDirectory);
        RemoveIfEmpty(Path.GetDirectoryName(options.RunDirectory)!);
        return server is not null;
    }

    private static void RemoveIfEmpty(string directory)
    {
        if (Directory.Exists(directory) && !Directory.EnumerateFileSystemEntries(directory).Any()) Directory.Delete(directory);
    }

    private static void Report(bool json, string directory, bool wasUp, bool purged, string sentence) =>
        Console.WriteLine(json ? new JsonObject { ["dataDir"] = directory, ["wasUp"] = wasUp, ["purged"] = purged }.ToJsonString() : sentence);
}
