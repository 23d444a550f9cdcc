using Gureum.ApiServer.State;
using Gureum.Client;
using Gureum.Objects.Flowcontrol.V1;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;

namespace Gureum.ApiServer.Fairness;

/// <summary>Keeps the flow schemas and priority levels that every cluster has, takes over every change of them, and says which schemas name a level that is not there.</summary>
internal sealed class FairnessController(ClusterState state, RequestFairness fairness, TimeProvider time)
{
    private const string Dangling = "Dangling";

    private Task running = Task.CompletedTask;

    /// <summary>Takes over what the state holds, or the defaults where it is empty.</summary>
    internal void Load()
    {
        var (schemas, levels) = (Read<FlowSchema>(), Read<PriorityLevelConfiguration>());
        // Before the defaults are stored they count all the same.
        fairness.Configure(schemas.Count > 0 ? schemas : FairnessDefaults.Schemas, levels.Count > 0 ? levels : FairnessDefaults.Levels);
    }

    internal void Start(ApiClient client, CancellationToken cancel) => running = Task.Run(() => FollowAsync(client, cancel), CancellationToken.None);

    internal Task StoppedAsync() => running;

    private List<T> Read<T>() where T : IKubeObject<T> => [.. state.Newest.Under(Keys.Collection(T.Resource)).Select(static p => ModelJson.Parse<T>(p.Value.Json))];

    private async Task FollowAsync(ApiClient client, CancellationToken cancel)
    {
        var (schemas, _, _) = state.Watch(Keys.Collection(FlowSchema.Resource), state.Newest.Revision);
        var (levels, _, _) = state.Watch(Keys.Collection(PriorityLevelConfiguration.Resource), state.Newest.Revision);
        using (schemas)
        using (levels)
        {
            try
            {
                do
                {
                    while (schemas.Changes.TryRead(out _) || levels.Changes.TryRead(out _)) { /* what counts is what is there */ }
                    Load();
                    foreach (var level in FairnessDefaults.Levels) await KeepAsync(client, level, static (current, wanted) => current with { Spec = Kept(current.Spec, wanted.Spec) }, cancel);
                    foreach (var schema in FairnessDefaults.Schemas) await KeepAsync(client, schema, static (current, wanted) => current with { Spec = wanted.Spec }, cancel);
                    Load();
                    foreach (var schema in Read<FlowSchema>()) await TellAsync(client, schema, cancel);
                } while (await await Task.WhenAny(schemas.Changes.WaitToReadAsync(cancel).AsTask(), levels.Changes.WaitToReadAsync(cancel).AsTask()));
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested) { /* the server stops */ }
        }
    }

    // How many seats the exempt level counts for is for its users to say.
    private static PriorityLevelConfigurationSpec Kept(PriorityLevelConfigurationSpec current, PriorityLevelConfigurationSpec wanted) => wanted.Type == "Exempt" && current.Exempt is not null ? wanted with { Exempt = current.Exempt } : wanted;

    private static async Task KeepAsync<T>(ApiClient client, T wanted, Func<T, T, T> renew, CancellationToken cancel) where T : class, IKubeObject<T>
    {
        try
        {
            if (await client.FindAsync<T>(null, wanted.Metadata.Name!, cancel) is not { } current) { await client.CreateAsync(wanted, cancel); return; }
            var mandatory = FairnessDefaults.Mandatory.Contains(wanted.Metadata.Name!);
            var said = current.Metadata.Annotations.GetValueOrDefault(FairnessDefaults.AutoUpdate);
            // Who never touched it wants it as it should be.
            if (!mandatory && said != "true" && !(said is null && current.Metadata.Generation is null or 1)) return;
            var renewed = renew(current, wanted).WithMetadata(current.Metadata with { Annotations = new Dictionary<string, string>(current.Metadata.Annotations) { [FairnessDefaults.AutoUpdate] = "true" } });
            if (!ModelJson.Same(current, renewed)) await client.UpdateAsync(renewed, cancel);
        }
        catch (ApiException e) when (e.IsAlreadyExists || e.IsConflict || e.IsNotFound) { /* its change wakes us again */ }
        catch (ApiException e) { Log.Current.Error("fairness", wanted.Metadata.Name ?? "", e); }
    }

    private async Task TellAsync(ApiClient client, FlowSchema schema, CancellationToken cancel)
    {
        var level = schema.Spec.PriorityLevelConfiguration?.Name ?? "";
        var missing = state.Newest.Get(Keys.Object(PriorityLevelConfiguration.Resource, null, level)) is null;
        var (status, reason) = missing ? ("True", "NotFound") : ("False", "Found");
        var message = $"This FlowSchema references the PriorityLevelConfiguration object named \"{level}\" {(missing ? "but there is no such object" : "and it exists")}";
        var before = schema.Status.Conditions.FirstOrDefault(static c => c.Type == Dangling);
        if (before is not null && before.Status == status && before.Reason == reason && before.Message == message) return;
        var condition = new FlowSchemaCondition { Type = Dangling, Status = status, Reason = reason, Message = message, LastTransitionTime = before?.Status == status ? before.LastTransitionTime : time.GetUtcNow() };
        try { await client.UpdateStatusAsync(schema with { Status = schema.Status with { Conditions = [.. schema.Status.Conditions.Where(static c => c.Type != Dangling), condition] } }, cancel: cancel); }
        catch (ApiException e) when (e.IsConflict || e.IsNotFound) { /* its change wakes us again */ }
        catch (ApiException e) { Log.Current.Error("fairness", schema.Metadata.Name ?? "", e); }
    }
}
