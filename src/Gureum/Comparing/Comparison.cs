using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Gureum.Commands;
using Gureum.Machine;
using Gureum.Objects.Json;
using Gureum.Running;
using Gureum.Starting;

namespace Gureum.Comparing;

/// <summary>Runs the two that are compared, one after the other, on the cloud that is up, and measures them. What it makes lives in a namespace of its own, which goes in every case.</summary>
internal sealed class Comparison(ClusterOptions options, ApiConnection api, Progress progress) : IDisposable
{
    private const string MadeBy = "gureum.io/made-by", Command = "compare", NamespacePath = "/api/v1/namespaces/" + Subject.Namespace;

    // The patience is for hanging, not for measuring.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5), Interval = TimeSpan.FromMilliseconds(20), LeaveQuickly = TimeSpan.FromSeconds(8);

    private readonly HttpClient web = new(new SocketsHttpHandler { UseProxy = false, ConnectTimeout = TimeSpan.FromMilliseconds(250), PooledConnectionLifetime = TimeSpan.Zero }) { Timeout = TimeSpan.FromSeconds(2) };

    /// <exception cref="CommandFailure">An image is not there, no guest can run, or one of the two does not answer.</exception>
    internal async Task<ComparisonResult> RunAsync(CancellationToken cancel)
    {
        IReadOnlyDictionary<string, long> sizes = await new ContainerdImages(options).SizesAsync(cancel);
        (long container, long machine) = (ImageSize(sizes, Subject.Container), ImageSize(sizes, Subject.Machine));
        string accelerator = await AcceleratorAsync(cancel);
        await MakeRoomAsync(cancel);
        try
        {
            await MakeNamespaceAsync(cancel);
            return new ComparisonResult(await MeasureAsync(Subject.Container, container, cancel), await MeasureAsync(Subject.Machine, machine, cancel), accelerator);
        }
        finally
        {
            await RemoveNamespaceAsync(cancel.IsCancellationRequested ? LeaveQuickly : Patience);
        }
    }

    public void Dispose() => web.Dispose();

    private long ImageSize(IReadOnlyDictionary<string, long> sizes, Subject subject) => sizes.TryGetValue(subject.Image, out long size) ? size
        : throw new CommandFailure($"the cloud has no image {subject.Image}: run `gureum image {(subject == Subject.Container ? "build-examples" : "build-guests")} --data-dir {options.DataDirectory}` first");

    /// <summary>What machines are run by here; waited for where the cloud has just come up.</summary>
    private async Task<string> AcceleratorAsync(CancellationToken cancel)
    {
        JsonObject? hypervisor = null;
        await progress.RunAsync("looking at the hypervisor", async _ =>
        {
            await UntilAsync(async () => !IsStarting(hypervisor = await HypervisorAsync(cancel)), () => $"the hypervisor of node {options.NodeName} is still starting", cancel);
            return 0;
        });
        return hypervisor?.Text("status") == "True" ? hypervisor.Text("reason") ?? "" : throw new CommandFailure($"no virtual machine can run on node {options.NodeName}: {hypervisor?.Text("message")}; `gureum status` says more");
    }

    private async Task<JsonObject?> HypervisorAsync(CancellationToken cancel) =>
        (await api.SendAsync(HttpMethod.Get, "/api/v1/nodes/" + Uri.EscapeDataString(options.NodeName), null, cancel) as JsonObject)?.Child("status")?.Objects("conditions").FirstOrDefault(c => c.Text("type") == "Hypervisor");

    private static bool IsStarting(JsonObject? hypervisor) => hypervisor?.Text("status") is not { } status || (status != "True" && hypervisor.Text("message")?.Contains("is starting", StringComparison.Ordinal) == true);

    // What a run left that was killed goes; what others made stays.
    private async Task MakeRoomAsync(CancellationToken cancel)
    {
        if (await api.FindAsync(NamespacePath, cancel) is not JsonObject there) return;
        if (!IsOurs(there)) throw new CommandFailure($"there is a namespace {Subject.Namespace} that this command did not make: delete it, or give it another name");
        await RemoveNamespaceAsync(Patience);
    }

    private static bool IsOurs(JsonObject ns) => ns.Child("metadata")?.Child("labels")?.Text(MadeBy) == Command;

    private async Task MakeNamespaceAsync(CancellationToken cancel)
    {
        await api.SendAsync(HttpMethod.Post, "/api/v1/namespaces", new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Namespace", ["metadata"] = new JsonObject { ["name"] = Subject.Namespace, ["labels"] = new JsonObject { [MadeBy] = Command } } }, cancel);
        // No pod is admitted before its account is there.
        await UntilAsync(async () => await api.FindAsync(NamespacePath + "/serviceaccounts/default", cancel) is not null, () => "the namespace's service account is not made", cancel);
    }

    private async Task<Measured> MeasureAsync(Subject subject, long imageBytes, CancellationToken cancel)
    {
        (TimeSpan start, JsonObject pod) = await progress.RunAsync($"{subject.Title}: from create to its first answer", _ => StartAsync(subject, cancel));
        IReadOnlyDictionary<string, string> facts = await FactsAsync(subject, pod, cancel);
        HostProcesses processes = HostProcesses.Of(pod.Child("metadata")!.Text("uid")!);
        TimeSpan stop = await progress.RunAsync($"{subject.Title}: from delete until it is gone", _ => StopAsync(subject, cancel));
        bool own = facts["boot"] != (await File.ReadAllTextAsync("/proc/sys/kernel/random/boot_id", cancel)).Trim();
        return new Measured(subject, facts["system"].Length > 0 ? facts["system"] : null, facts["kernel"], own, Program(facts["program"]), imageBytes, start, stop, processes);
    }

    private async Task<(TimeSpan, JsonObject)> StartAsync(Subject subject, CancellationToken cancel)
    {
        long begin = Stopwatch.GetTimestamp();
        await api.SendAsync(HttpMethod.Post, subject.Collection, subject.On(options.NodeName), cancel);
        JsonObject? pod = null;
        await UntilAsync(async () => Address(pod = await PodAsync(subject, cancel)) is not null, () => $"the {subject.Title} has no address: {Why(pod)}", cancel);
        await UntilAsync(async () => await GetAsync(pod!, "/", cancel) is not null, () => $"the {subject.Title} does not answer at http://{Address(pod)}/ (is this command run where the pod network can be reached?)", cancel);
        return (Stopwatch.GetElapsedTime(begin), pod!);
    }

    private async Task<TimeSpan> StopAsync(Subject subject, CancellationToken cancel)
    {
        long begin = Stopwatch.GetTimestamp();
        string path = $"{subject.Collection}/{Subject.Name}";
        await api.SendAsync(HttpMethod.Delete, path, null, cancel);
        await UntilAsync(async () => await PodAsync(subject, cancel) is null && await api.FindAsync(path, cancel) is null, () => $"the {subject.Title} does not end", cancel);
        return Stopwatch.GetElapsedTime(begin);
    }

    /// <summary>What it says of where it runs: lines "name: value".</summary>
    private async Task<IReadOnlyDictionary<string, string>> FactsAsync(Subject subject, JsonObject pod, CancellationToken cancel)
    {
        string? page = null;
        await UntilAsync(async () => (page = await GetAsync(pod, "/facts", cancel))?.Contains("program:", StringComparison.Ordinal) == true, () => $"the {subject.Title} does not say what it sees (last: {page ?? "no answer"})", cancel);
        return page!.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(':', 2)).ToDictionary(p => p[0], p => p.ElementAtOrDefault(1)?.Trim() ?? "");
    }

    // "BusyBox v1.35.0 (Debian 1:1.35.0-4) multi-call binary."
    private static string Program(string line) => line.IndexOf(')', StringComparison.Ordinal) is > 0 and var end ? line[..(end + 1)] : line;

    private async Task<JsonObject?> PodAsync(Subject subject, CancellationToken cancel) =>
        (await api.SendAsync(HttpMethod.Get, subject.Pods, null, cancel) as JsonObject)?.Objects("items").FirstOrDefault();

    private static string? Address(JsonObject? pod) => pod?.Child("status")?.Text("podIP") is { Length: > 0 } address ? address : null;

    private static string Why(JsonObject? pod) => pod is null ? "it has no pod" : $"its pod is {pod.Child("status")?.Text("phase")}" + string.Concat(
        (pod.Child("status")?.Objects("containerStatuses") ?? []).Select(c => c.Child("state")?.Child("waiting")).OfType<JsonObject>().Select(w => $", waiting: {w.Text("reason")} {w.Text("message")}")
            .Concat((pod.Child("status")?.Objects("conditions") ?? []).Where(c => c.Text("type") == "PodScheduled" && c.Text("status") == "False").Select(c => ", " + c.Text("message"))));

    private async Task<string?> GetAsync(JsonObject pod, string path, CancellationToken cancel)
    {
        try
        {
            using HttpResponseMessage answer = await web.GetAsync(new Uri($"http://{Address(pod)}{path}"), cancel);
            return answer.StatusCode == HttpStatusCode.OK ? await answer.Content.ReadAsStringAsync(cancel) : null;
        }
        catch (Exception e) when (e is HttpRequestException || (e is TaskCanceledException && !cancel.IsCancellationRequested))
        {
            return null;
        }
    }

    // Nobody's giving up keeps it from going: the request is sent whatever happened, and only the wait for its end is bounded.
    private async Task RemoveNamespaceAsync(TimeSpan patience)
    {
        using var limit = new CancellationTokenSource(patience);
        try
        {
            await progress.RunAsync($"removing the namespace {Subject.Namespace}", async _ =>
            {
                if (await api.FindAsync(NamespacePath, limit.Token) is not JsonObject there || !IsOurs(there)) return 0;
                await api.SendAsync(HttpMethod.Delete, NamespacePath, null, limit.Token);
                await UntilAsync(async () => await api.FindAsync(NamespacePath, limit.Token) is null, () => "", limit.Token);
                return 0;
            });
        }
        catch (Exception e) when (e is OperationCanceledException or CommandFailure)
        {
            progress.Say($"the namespace {Subject.Namespace} is not gone yet{(e is CommandFailure ? ": " + e.Message : "")}; the cloud goes on removing it (`kubectl get namespace {Subject.Namespace}`)");
        }
    }

    private static async Task UntilAsync(Func<Task<bool>> holds, Func<string> failure, CancellationToken cancel)
    {
        long begin = Stopwatch.GetTimestamp();
        while (!await holds())
        {
            if (Stopwatch.GetElapsedTime(begin) > Patience) throw new CommandFailure($"{failure()}, after {Patience.TotalMinutes:0} minutes");
            await Task.Delay(Interval, cancel);
        }
    }
}
