using System.CommandLine;
using System.Text.Json.Nodes;
using Gureum.ExampleImport;
using Gureum.Joining;
using Gureum.Running;
using Gureum.Starting;

namespace Gureum.Commands;

/// <summary><c>gureum join</c>: makes this machine a node of a cloud whose server is elsewhere.</summary>
internal static class JoinCommand
{
    internal static Command Create()
    {
        Option<string> data = CommonOptions.DataDirectory(), output = CommonOptions.Output();
        var server = new Argument<string>("server") { Description = "The cloud's API, https://ADDRESS:PORT." };
        var token = new Option<string?>("--token") { Description = "What `gureum token create` made.", HelpName = "id.secret" };
        var hash = new Option<string?>("--ca-hash") { Description = "The hash of the cloud's authority, which `gureum token create` prints.", HelpName = "sha256:…" };
        var node = new Option<string?>("--node-name") { Description = "The node's name (the machine's).", HelpName = "name" };
        var noInstall = new Option<bool>("--no-install") { Description = "Refuse to install missing OS packages: say which instead." };
        var airGapped = new Option<bool>("--air-gapped") { Description = "Never look for images outside this machine." };
        var command = new Command("join", "Makes this machine a node of a cloud whose server is elsewhere: `gureum token create` there prints the line.") { server, token, hash, data, node, noInstall, airGapped, output };
        command.Runs(async (parsed, cancel) =>
        {
            Prerequisites.RequireRoot("join");
            var invitation = Invitation.Parse(parsed.GetValue(server)!, parsed.GetValue(token), parsed.GetValue(hash));
            string directory = CommonOptions.Resolve(parsed.GetValue(data)!);
            ClusterOptions? kept = ClusterOptions.Load(directory);
            if (kept is { JoinedServer: null }) throw new CommandFailure($"{directory} holds a cloud of its own: take it down with `gureum down --purge --data-dir {directory}`, or use another --data-dir");
            ClusterOptions wanted = new UpRequest(directory, null, null, null, parsed.GetValue(node), parsed.GetValue(airGapped)).Resolve(kept) with { RunsNode = true };
            StartedNode result = await RunAsync(wanted, kept, invitation, !parsed.GetValue(noInstall), cancel);
            Print(result, CommonOptions.WantsJson(parsed));
            return 0;
        });
        return command;
    }

    /// <param name="WasUp">Whether it ran already.</param>
    /// <param name="Notes">What did not work and can be done without.</param>
    internal sealed record StartedNode(ClusterOptions Options, ServerProcess Process, bool WasUp, IReadOnlyList<string> Notes);

    private static async Task<StartedNode> RunAsync(ClusterOptions wanted, ClusterOptions? kept, Invitation invitation, bool mayInstall, CancellationToken cancel)
    {
        var progress = new Progress();
        Directory.CreateDirectory(wanted.DataDirectory);
        using IDisposable only = await DataLock.TakeAsync(wanted.DataDirectory, "change", TimeSpan.FromMinutes(2), cancel);
        if (kept is not null && kept.JoinedServer != invitation.Server.GetLeftPart(UriPartial.Authority))
            throw new CommandFailure($"{wanted.DataDirectory} holds a node of the cloud at {kept.JoinedServer}: take it out with `gureum down --purge --data-dir {wanted.DataDirectory}` first, or use another --data-dir");
        if (kept is not null && NodeCredentials.Load(kept) is { } known && known.IsValid(TimeProvider.System.GetUtcNow())) return await StartAsync(kept, mayInstall, progress, cancel);
        await Prerequisites.EnsureAsync(mayInstall, progress, cancel);
        Prerequisites.RequirePorts(wanted with { JoinedServer = invitation.Server.AbsoluteUri });
        ClusterOptions options = await progress.RunAsync($"asking {invitation.Server.Authority} to take node {wanted.NodeName}", _ => Joiner.JoinAsync(wanted, invitation, TimeProvider.System, cancel));
        return await StartAsync(options, mayInstall, progress, cancel);
    }

    /// <summary>Starts the agent of a node that has joined; `up` does so too. The caller holds the lock for changes.</summary>
    internal static async Task<StartedNode> StartAsync(ClusterOptions options, bool mayInstall, Progress progress, CancellationToken cancel)
    {
        if (Servers.Find(options) is { Ready: true } running) return new StartedNode(options, running, WasUp: true, []);
        await Prerequisites.EnsureAsync(mayInstall, progress, cancel);
        bool starting = Servers.Find(options) is not null;
        if (!starting) Prerequisites.RequirePorts(options);
        ServerProcess process = await progress.RunAsync($"starting the agent and waiting for node {options.NodeName}", _ => starting ? CloudStarter.JoinAsync(options, cancel) : CloudStarter.StartAsync(options, cancel));
        return new StartedNode(options, process, WasUp: false, [.. await ExampleImageLoader.EnsureAsync(options, progress, cancel), .. await GuestImageLoader.EnsureAsync(options, progress, cancel)]);
    }

    internal static void Print(StartedNode result, bool json)
    {
        ClusterOptions options = result.Options;
        if (json)
        {
            Console.WriteLine(new JsonObject
            {
                ["dataDir"] = options.DataDirectory, ["kubeconfig"] = options.Kubeconfig, ["server"] = options.JoinedServer, ["pid"] = result.Process.Pid,
                ["node"] = options.NodeName, ["ready"] = true, ["alreadyUp"] = result.WasUp, ["notes"] = new JsonArray([.. result.Notes.Select(n => (JsonNode)n)]),
            }.ToJsonString());
            return;
        }

        Console.WriteLine(result.WasUp
            ? $"Node {options.NodeName} runs already (agent process {result.Process.Pid}, cloud {options.JoinedServer}); nothing to do."
            : $"Node {options.NodeName} is Ready in the cloud at {options.JoinedServer} (agent process {result.Process.Pid}, log {CloudStarter.LogFile(options)}).");
        foreach (string note in result.Notes) Console.WriteLine("Note: " + note);
    }
}
