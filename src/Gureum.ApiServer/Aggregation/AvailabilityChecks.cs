using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Gureum.ApiServer.State;
using Gureum.Client;
using Gureum.Objects.Apiregistration.V1;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Discovery.V1;
using Gureum.Objects.Json;
using Gureum.Objects.Models;

namespace Gureum.ApiServer.Aggregation;

/// <summary>
/// Keeps the table of remote services and asks each whether it answers: when it, its Service or its endpoints change, and every half
/// minute; whether what it publishes has changed, with these changes and every minute. Each is asked on its own, so that one that hangs holds up nobody.
/// </summary>
internal sealed class AvailabilityChecks(ClusterState state, RemoteServices services, RemoteConnections connections, TimeProvider time)
{
    private const int MostDocument = 16 * 1024 * 1024;
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(30), AfterFailure = TimeSpan.FromSeconds(2), Limit = TimeSpan.FromSeconds(5), Publishing = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, Channel<bool>> wakes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Task> loops = new(StringComparer.Ordinal);
    private Task running = Task.CompletedTask;

    private static string Collection => Keys.Collection(APIService.Resource);

    /// <summary>Takes over what the state holds already.</summary>
    internal void LoadAll()
    {
        foreach (var (_, stored) in state.Newest.Under(Collection)) services.Set(stored);
    }

    internal void Start(ApiClient client, CancellationToken cancel) => running = Task.Run(() => RunAsync(client, cancel), CancellationToken.None);

    internal Task StoppedAsync() => running;

    private async Task RunAsync(ApiClient client, CancellationToken cancel)
    {
        try
        {
            await Task.WhenAll(FollowAsync(APIService.Resource, c => Changed(client, c, cancel), cancel), FollowAsync(Service.Resource, c => Wake(c.Key), cancel), FollowAsync(EndpointSlice.Resource, c => Wake(c.Key), cancel));
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested) { /* the server stops */ }
        List<Task> last;
        lock (loops) last = [.. loops.Values];
        await Task.WhenAll(last);
    }

    private async Task FollowAsync(ResourceType type, Action<StateChange> onChange, CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            // A watch that was cut off for falling behind is begun anew, with all that is there.
            var (watcher, _, root) = state.Watch(Keys.Collection(type), state.Newest.Revision);
            using (watcher)
            {
                if (type == APIService.Resource)
                    foreach (var (key, stored) in root.Under(Collection)) onChange(new StateChange(stored.Revision, key, stored, null));
                await foreach (var change in watcher.Changes.ReadAllAsync(cancel)) onChange(change);
                if (!watcher.CutOff) return;
            }
        }
    }

    private void Changed(ApiClient client, StateChange change, CancellationToken cancel)
    {
        var name = change.Key[(change.Key.LastIndexOf('/') + 1)..];
        if (change.Current is null) services.Remove(name);
        else services.Set(change.Current);
        lock (loops)
        {
            if (services.Find(name) is null)
            {
                if (wakes.Remove(name, out var gone)) gone.Writer.TryComplete();
                loops.Remove(name);
                return;
            }
            if (wakes.TryGetValue(name, out var wake)) { if (SpecChanged(change)) wake.Writer.TryWrite(true); return; }
            wakes[name] = wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
            loops[name] = Task.Run(() => LoopAsync(client, name, wake.Reader, cancel), CancellationToken.None);
        }
    }

    // The check's own writing of the status is no reason to check again.
    private static bool SpecChanged(StateChange change) =>
        change.Previous is null || !JsonPeek.Raw(change.Previous.Json, ["spec"]).SequenceEqual(JsonPeek.Raw(change.Current!.Json, ["spec"]));

    // Whatever changed in a namespace with such a Service: asking once too often costs little.
    private void Wake(string key)
    {
        if (services.Version == 0 || key.Split('/') is not [_, _, _, _, var ns, _]) return;
        foreach (var service in services.All)
            if (service.Target.Namespace == ns)
                lock (loops) if (wakes.TryGetValue(service.Name, out var wake)) wake.Writer.TryWrite(true);
    }

    private async Task LoopAsync(ApiClient client, string name, ChannelReader<bool> wake, CancellationToken cancel)
    {
        try
        {
            var due = DateTimeOffset.MinValue;
            while (services.Find(name) is { } service)
            {
                var now = time.GetUtcNow();
                var well = await CheckAsync(client, service, now >= due, cancel);
                if (well && now >= due) due = now + Publishing;
                try
                {
                    if (!await wake.WaitToReadAsync(cancel).AsTask().WaitAsync(well ? Again : AfterFailure, time, cancel)) return;
                    wake.TryRead(out _);
                    due = DateTimeOffset.MinValue;
                }
                catch (TimeoutException) { /* time to look again */ }
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested) { /* the server stops */ }
        catch (Exception e) { Log.Current.Error("aggregation", name, e); }
    }

    private async Task<bool> CheckAsync(ApiClient client, RemoteService service, bool publishes, CancellationToken cancel)
    {
        var problem = ServiceConditions.Problem(state.Newest, service.Target);
        var documents = service.Documents with { Fresh = false };
        if (problem is null)
        {
            try { documents = await AskAsync(service, publishes, cancel); }
            catch (RemoteCheckException e) { problem = (ServiceConditions.FailedDiscoveryCheck, e.Message); }
        }
        services.Learn(service.Name, documents);
        await SetAsync(client, service.Name, ServiceConditions.Make(problem is null, problem?.Reason ?? ServiceConditions.Passed, problem?.Message ?? "all checks passed", time.GetUtcNow()), cancel);
        return problem is null;
    }

    private static async Task SetAsync(ApiClient client, string name, APIServiceCondition condition, CancellationToken cancel)
    {
        try
        {
            if (await client.FindAsync<APIService>(null, name, cancel) is not { } current) return;
            var status = ServiceConditions.With(current.Status, condition);
            if (!ModelJson.Encode(status).AsSpan().SequenceEqual(ModelJson.Encode(current.Status))) await client.UpdateStatusAsync(current with { Status = status }, cancel: cancel);
        }
        catch (ApiException e) when (e.IsConflict || e.IsNotFound) { /* the next look sees what it became */ }
        catch (ApiException e) { Log.Current.Error("aggregation", name, e); }
    }

    /// <param name="publishes">Whether to look for another OpenAPI document, too.</param>
    /// <exception cref="RemoteCheckException">It does not answer, or not as an API does.</exception>
    private async Task<RemoteDocuments> AskAsync(RemoteService service, bool publishes, CancellationToken cancel)
    {
        var list = await GetAsync(service, service.Path, cancel) ?? throw new RemoteCheckException($"bad status from https://{service.Target.Host}:{service.Target.Port}{service.Path}: 404");
        var resources = RemoteResources.Of(list, service.Group, service.Version);
        var before = service.Documents;
        var (hash, swagger, tag) = (before.OpenApiHash, before.Swagger, before.SwaggerTag);
        // What follows is no condition of being available: many a server publishes no schema.
        try
        {
            if (publishes)
            {
                var index = await GetAsync(service, "/openapi/v3", cancel);
                hash = index?.Child("paths")?.Child(service.Path[1..])?.Text("serverRelativeURL") is { } url ? url[(url.IndexOf('=') + 1)..] : null;
                (swagger, tag) = await SwaggerAsync(service, cancel);
            }
        }
        catch (RemoteCheckException e) { Log.Current.Debug("aggregation", e.Message); }
        var same = before.Resources is not null && before.Resources.AsSpan().SequenceEqual(resources) && before.Fresh && before.OpenApiHash == hash && before.SwaggerTag == tag;
        return same ? before : new RemoteDocuments(resources, true, hash, swagger) { SwaggerTag = tag };
    }

    // Sent only when it is another than the one that is known.
    private async Task<(JsonObject? Swagger, string? Tag)> SwaggerAsync(RemoteService service, CancellationToken cancel)
    {
        var before = service.Documents;
        var answer = await FetchAsync(service, "/openapi/v2", before.Swagger is null ? null : before.SwaggerTag, cancel);
        if (answer.Status == 404) return (null, null);
        if (answer.Status == 304) return (before.Swagger, before.SwaggerTag);
        var tag = answer.Tag ?? Convert.ToHexString(SHA256.HashData(answer.Body));
        return tag == before.SwaggerTag ? (before.Swagger, tag) : (Parse(answer.Body), tag);
    }

    // Null when the path does not exist there.
    private async Task<JsonObject?> GetAsync(RemoteService service, string path, CancellationToken cancel)
    {
        var answer = await FetchAsync(service, path, null, cancel);
        return answer.Status == 404 ? null : Parse(answer.Body);
    }

    private static JsonObject Parse(byte[] body)
    {
        try { return ObjectDecoder.DecodeAny(body) as JsonObject ?? []; }
        catch (DecodeException) { return []; }
    }

    /// <param name="known">The tag of what is known already.</param>
    private async Task<(int Status, string? Tag, byte[] Body)> FetchAsync(RemoteService service, string path, string? known, CancellationToken cancel)
    {
        var address = $"https://{service.Target.Host}:{service.Target.Port.ToString(CultureInfo.InvariantCulture)}{path}";
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Limit);
        try
        {
            List<(string, string)> headers = [("Accept", "application/json"), .. RequestIdentity.Headers(RequestIdentity.Aggregator)];
            if (known is not null) headers.Add(("If-None-Match", known));
            await using var answer = await connections.SendAsync(service.Target, new RemoteRequest("GET", path, headers, default), limit.Token);
            if (answer.Status == 404 || (answer.Status == 304 && known is not null)) return (answer.Status, null, []);
            if (answer.Status is < 200 or >= 300) throw new RemoteCheckException($"bad status from {address}: {answer.Status}");
            return (answer.Status, answer.Header("ETag"), await answer.ReadAllAsync(MostDocument, limit.Token));
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested) { throw new RemoteCheckException($"failing or missing response from {address}: Get \"{address}\": context deadline exceeded"); }
        catch (Exception e) when (RemoteForwarder.IsUnreachable(e, cancel)) { throw new RemoteCheckException($"failing or missing response from {address}: Get \"{address}\": {Admission.Webhooks.WebhookClient.Cause(e)}"); }
    }

    private sealed class RemoteCheckException(string message) : Exception(message);
}
