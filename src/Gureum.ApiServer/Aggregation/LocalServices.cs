using Gureum.ApiServer.Registry;
using Gureum.ApiServer.State;
using Gureum.Client;
using Gureum.Objects.Apiextensions.V1;
using Gureum.Objects.Apiregistration.V1;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;

namespace Gureum.ApiServer.Aggregation;

/// <summary>Keeps an APIService for each version that this server serves itself, built in or defined, as upstream's auto-registration does.</summary>
internal sealed class LocalServices(ClusterState state, ResourceCatalog catalog)
{
    internal const string Label = "kube-aggregator.kubernetes.io/automanaged", OnStart = "onstart", Always = "true";

    private readonly List<(string Group, string Version)> builtIn =
        [.. catalog.All.Where(static r => r.Definition is null).Select(static r => (r.Type.Group, r.Type.Version)).Distinct().Where(static v => GroupPriorities.Find(v.Group, v.Version) is not null).Order()];

    private Task running = Task.CompletedTask;

    internal void Start(ApiClient client, CancellationToken cancel) => running = Task.Run(() => FollowAsync(client, cancel), CancellationToken.None);

    internal Task StoppedAsync() => running;

    private async Task FollowAsync(ApiClient client, CancellationToken cancel)
    {
        var (definitions, _, _) = state.Watch(Keys.Collection(CustomResourceDefinition.Resource), state.Newest.Revision);
        var (services, _, _) = state.Watch(Keys.Collection(APIService.Resource), state.Newest.Revision);
        using (definitions)
        using (services)
        {
            try
            {
                // What is built in is set right at the start; afterwards it is put back only when it is missing.
                foreach (var (group, version) in builtIn) await KeepAsync(client, Wanted(group, version, OnStart), replace: true, cancel);
                do
                {
                    while (definitions.Changes.TryRead(out _) || services.Changes.TryRead(out _)) { /* what counts is what is there */ }
                    await SettleAsync(client, cancel);
                } while (await await Task.WhenAny(definitions.Changes.WaitToReadAsync(cancel).AsTask(), services.Changes.WaitToReadAsync(cancel).AsTask()));
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested) { /* the server stops */ }
        }
    }

    private async Task SettleAsync(ApiClient client, CancellationToken cancel)
    {
        var defined = Defined();
        foreach (var (group, version) in defined) await KeepAsync(client, Wanted(group, version, Always), replace: true, cancel);
        foreach (var (_, stored) in state.Newest.Under(Keys.Collection(APIService.Resource)))
        {
            if (stored.Labels.GetValueOrDefault(Label) != Always || defined.Contains((stored.Field(["spec", "group"]), stored.Field(["spec", "version"])))) continue;
            try { await client.DeleteAsync<APIService>(null, stored.Name, cancel: cancel); }
            catch (ApiException e) when (e.IsNotFound) { /* gone already */ }
        }
    }

    private HashSet<(string Group, string Version)> Defined() =>
        [.. state.Newest.Under(Keys.Collection(CustomResourceDefinition.Resource)).Select(static p => ModelJson.Parse<CustomResourceDefinition>(p.Value.Json))
            .SelectMany(static d => d.Spec.Versions.Where(static v => v.Served == true).Select(v => (d.Spec.Group ?? "", v.Name ?? "")))];

    private static APIService Wanted(string group, string version, string managed)
    {
        var priority = GroupPriorities.Of(group, version);
        return new APIService
        {
            Metadata = new ObjectMeta { Name = version + "." + group, Labels = new Dictionary<string, string> { [Label] = managed } },
            Spec = new APIServiceSpec { Group = group.Length == 0 ? null : group, Version = version, GroupPriorityMinimum = priority.Group, VersionPriority = priority.Version },
        };
    }

    // One that somebody else made for the version is left alone.
    private async Task KeepAsync(ApiClient client, APIService wanted, bool replace, CancellationToken cancel)
    {
        try
        {
            var key = Keys.Object(APIService.Resource, null, wanted.Metadata.Name!);
            if (state.Newest.Get(key) is not { } stored) { await client.CreateAsync(wanted, cancel); return; }
            if (!replace || !stored.Labels.ContainsKey(Label)) return;
            var current = ModelJson.Parse<APIService>(stored.Json);
            if (ModelJson.Encode(current.Spec).AsSpan().SequenceEqual(ModelJson.Encode(wanted.Spec)) && stored.Labels.GetValueOrDefault(Label) == wanted.Metadata.Labels[Label]) return;
            await client.UpdateAsync(current with { Spec = wanted.Spec, Metadata = current.Metadata with { Labels = new Dictionary<string, string>(current.Metadata.Labels) { [Label] = wanted.Metadata.Labels[Label] } } }, cancel);
        }
        catch (ApiException e) when (e.IsAlreadyExists || e.IsConflict || e.IsNotFound) { /* its change wakes us again */ }
        catch (ApiException e) { Log.Current.Error("aggregation", wanted.Metadata.Name ?? "", e); }
    }
}
