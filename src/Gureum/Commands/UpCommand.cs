using System.CommandLine;
using System.Text.Json.Nodes;
using Gureum.ExampleImport;
using Gureum.Running;
using Gureum.Starting;

namespace Gureum.Commands;

/// <summary><c>gureum up</c>: from nothing, or from whatever a crash left, to a Ready cloud.</summary>
internal static class UpCommand
{
    internal static Command Create()
    {
        Option<string> data = CommonOptions.DataDirectory(), output = CommonOptions.Output();
        var listen = new Option<string?>("--listen") { Description = "Where the API server listens (0.0.0.0:6443).", HelpName = "address[:port]" };
        var pods = new Option<string?>("--pod-cidr") { Description = "Addresses of pods (10.244.0.0/16).", HelpName = "range" };
        var services = new Option<string?>("--service-cidr") { Description = "Addresses of Services (10.96.0.0/16).", HelpName = "range" };
        var node = new Option<string?>("--node-name") { Description = "The node's name (the machine's).", HelpName = "name" };
        var noInstall = new Option<bool>("--no-install") { Description = "Refuse to install missing OS packages: say which instead." };
        var airGapped = new Option<bool>("--air-gapped") { Description = "Never look for images outside this machine." };
        var noNode = new Option<bool>("--no-node") { Description = "Run the API, the controllers and the scheduler alone: no pod runs on this machine." };
        var auditPolicy = new Option<string?>("--audit-policy-file") { Description = "Record requests as this audit.k8s.io/v1 Policy says.", HelpName = "file" };
        var auditLog = new Option<string?>("--audit-log-path") { Description = "Where requests are recorded (DATA/audit.log); - for the server's log.", HelpName = "file" };
        var auditSize = new Option<int?>("--audit-log-maxsize") { Description = "MiB of a file of the record, before a new one is begun (100).", HelpName = "MiB" };
        var auditBackups = new Option<int?>("--audit-log-maxbackup") { Description = "Files of the record that are kept beside the newest (10; 0 for all).", HelpName = "count" };
        var openStack = new Option<int?>("--openstack-port") { Description = "The port of the OpenStack APIs (5000); 0 serves none.", HelpName = "port" };
        var importFrom = new Option<string?>("--openstack-import-from") { Description = "Ranges inside the cloud that OpenStack's images may be downloaded from too (none): 127.0.0.0/8,10.1.0.0/16.", HelpName = "ranges" };
        var command = new Command("up", "Brings the cloud up: installs what the machine lacks, starts the server, waits until the node is Ready.")
        {
            data, listen, pods, services, node, noInstall, airGapped, noNode, auditPolicy, auditLog, auditSize, auditBackups, openStack, importFrom, output,
        };
        command.Runs(async (parsed, cancel) =>
        {
            Prerequisites.RequireRoot("up");
            var request = new UpRequest(CommonOptions.Resolve(parsed.GetValue(data)!), parsed.GetValue(listen), parsed.GetValue(pods), parsed.GetValue(services), parsed.GetValue(node), parsed.GetValue(airGapped), parsed.GetValue(noNode))
            {
                AuditPolicyFile = parsed.GetValue(auditPolicy), AuditLogPath = parsed.GetValue(auditLog), AuditLogMaxSize = parsed.GetValue(auditSize), AuditLogMaxBackup = parsed.GetValue(auditBackups), OpenStackPort = parsed.GetValue(openStack), OpenStackImportFrom = parsed.GetValue(importFrom),
            };
            if (ClusterOptions.Load(request.DataDirectory) is { JoinedServer: not null } joined)
            {
                using IDisposable only = await DataLock.TakeAsync(joined.DataDirectory, "change", TimeSpan.FromMinutes(2), cancel);
                JoinCommand.Print(await JoinCommand.StartAsync(request.ResolveJoined(joined), !parsed.GetValue(noInstall), new Progress(), cancel), CommonOptions.WantsJson(parsed));
                return 0;
            }

            UpResult result = await RunAsync(request, !parsed.GetValue(noInstall), cancel);
            Print(result, CommonOptions.WantsJson(parsed));
            return 0;
        });
        return command;
    }

    private sealed record UpResult(ClusterOptions Options, ServerProcess Server, bool WasUp, IReadOnlyList<string> Notes);

    private static async Task<UpResult> RunAsync(UpRequest request, bool mayInstall, CancellationToken cancel)
    {
        var progress = new Progress();
        ClusterOptions? kept = ClusterOptions.Load(request.DataDirectory);
        ClusterOptions options = request.Resolve(kept);
        Directory.CreateDirectory(options.DataDirectory);
        using IDisposable only = await DataLock.TakeAsync(options.DataDirectory, "change", TimeSpan.FromMinutes(2), cancel);
        if (Servers.Find(options) is { Ready: true } running)
        {
            if (kept is not null && (kept.Listen, kept.Port) != (options.Listen, options.Port))
                throw new CommandFailure($"--listen {request.Listen}: the cloud in {options.DataDirectory} is up on {kept.Listen}:{kept.Port}; run `gureum down --data-dir {options.DataDirectory}` first");
            return new UpResult(options, running, WasUp: true, []);
        }

        if (options.RunsNode) await Prerequisites.EnsureAsync(mayInstall, progress, cancel);
        bool starting = Servers.Find(options) is not null;
        if (!starting)
        {
            Prerequisites.RequirePorts(options);
            options.Save();
        }

        ServerProcess server = await progress.RunAsync(options.RunsNode ? $"starting the server and waiting for node {options.NodeName}" : "starting the server", _ =>
            starting ? CloudStarter.JoinAsync(options, cancel) : CloudStarter.StartAsync(options, cancel));
        return new UpResult(options, server, WasUp: false, options.RunsNode ? [.. await ExampleImageLoader.EnsureAsync(options, progress, cancel), .. await GuestImageLoader.EnsureAsync(options, progress, cancel), .. await ConsolePageLoader.EnsureAsync(progress, cancel)] : []);
    }

    private static void Print(UpResult result, bool json)
    {
        ClusterOptions options = result.Options;
        if (json)
        {
            Console.WriteLine(new JsonObject
            {
                ["dataDir"] = options.DataDirectory, ["kubeconfig"] = options.AdminKubeconfig, ["server"] = result.Server.Url, ["pid"] = result.Server.Pid,
                ["node"] = options.NodeName, ["ready"] = true, ["alreadyUp"] = result.WasUp, ["notes"] = new JsonArray([.. result.Notes.Select(n => (JsonNode)n)]),
            }.ToJsonString());
            return;
        }

        Console.WriteLine(result.WasUp
            ? $"The cloud in {options.DataDirectory} is up already (server process {result.Server.Pid}, {result.Server.Url}); nothing to do."
            : $"{(options.RunsNode ? $"Node {options.NodeName} is Ready" : "The control plane is up, without a node on this machine")}; the API is at {result.Server.Url} (server process {result.Server.Pid}, log {CloudStarter.LogFile(options)}).");
        foreach (string note in result.Notes) Console.WriteLine("Note: " + note);
        string directory = options.DataDirectory == CommonOptions.DefaultDataDirectory ? "" : $" --data-dir {options.DataDirectory}";
        string openStack = options.OpenStackPort > 0 ? $". <(gureum openrc admin{directory})         (then: openstack token issue)\n  " : "";
        Console.WriteLine(
            $"""

            export KUBECONFIG={options.AdminKubeconfig}

            Next:
              kubectl get nodes -o wide              (or: gureum kubectl{directory} get nodes -o wide)
              kubectl apply -f examples/guestbook/   (or examples/vm/: a virtual machine beside a container)
              {openStack}gureum status{directory}
              gureum down{directory}
            """);
    }
}
