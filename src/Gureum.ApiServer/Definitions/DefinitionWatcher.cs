using System.Text;
using System.Text.Json.Nodes;
using Gureum.ApiServer.Registry;
using Gureum.ApiServer.State;
using Gureum.ApiServer.Subresources;
using Gureum.Client;
using Gureum.Objects;
using Gureum.Objects.Apiextensions.V1;
using Gureum.Objects.Json;
using Gureum.Objects.Models;
using Gureum.Objects.Schemas;

namespace Gureum.ApiServer.Definitions;

/// <summary>Serves what CustomResourceDefinitions define, from the moment that they are stored, and keeps their status.</summary>
public sealed class DefinitionWatcher(ClusterState state, ResourceCatalog catalog)
{
    private static readonly string[] Verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
    private const string CleanupFinalizer = "customresourcecleanup.apiextensions.k8s.io";

    private Task running = Task.CompletedTask;

    private static string Collection => Keys.Collection(CustomResourceDefinition.Resource);

    /// <summary>Serves every definition that the state holds.</summary>
    internal void LoadAll()
    {
        foreach (var (_, stored) in state.Newest.Under(Collection)) Serve(stored);
    }

    internal void Start(ApiClient client, CancellationToken cancel) => running = Task.Run(() => FollowAsync(client, cancel), CancellationToken.None);

    internal Task StoppedAsync() => running;

    private async Task FollowAsync(ApiClient client, CancellationToken cancel)
    {
        var (watcher, _, root) = state.Watch(Collection, state.Newest.Revision);
        using (watcher)
        {
            foreach (var (_, stored) in root.Under(Collection)) await SettleAsync(client, stored, cancel);
            try
            {
                await foreach (var change in watcher.Changes.ReadAllAsync(cancel))
                {
                    if (change.Current is { } current)
                    {
                        Serve(current);
                        await SettleAsync(client, current, cancel);
                    }
                    else catalog.Define(change.Previous!.Name, []);
                }
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested) { /* the server stops */ }
        }
    }

    private void Serve(StoredObject stored)
    {
        try { catalog.Define(stored.Name, [.. Resources(ObjectDecoder.Decode(stored.Json, KubernetesSchema.Instance.Type("apiextensions.v1.CustomResourceDefinition")).Object, stored.Name)]); }
        catch (Exception e) when (e is DecodeException or ArgumentException or FormatException) { Log.Current.Error("definitions", stored.Name, e); }
    }

    internal static IEnumerable<Resource> Resources(JsonObject definition, string name)
    {
        var spec = definition.Need("spec");
        var (group, names, namespaced) = (spec.Text("group") ?? "", spec.Need("names"), spec.Text("scope") == "Namespaced");
        var versions = spec.Objects("versions").ToList();
        var stored = versions.FirstOrDefault(v => v.Flag("storage") == true);
        if (stored is null) yield break;
        var storedType = Type(stored);
        var storedSchema = StructuralSchema.Root(stored.Child("schema")?.Child("openAPIV3Schema"));
        foreach (var version in versions.Where(v => v.Flag("served") == true))
        {
            var type = Type(version);
            var subresources = version.Child("subresources");
            var schema = version == stored ? storedSchema : StructuralSchema.Root(version.Child("schema")?.Child("openAPIV3Schema"));
            var facts = new ResourceFacts(type, schema, Verbs)
            {
                Singular = names.Text("singular") ?? type.Kind.ToLowerInvariant(), ShortNames = [.. names.Texts("shortNames")], Categories = [.. names.Texts("categories")],
                Subresources = [.. Subresources(subresources, type)],
            };
            yield return new Resource(facts, new CustomResourceStrategy(version.Child("schema")?.Child("openAPIV3Schema"), subresources?.ContainsKey("status") == true))
            {
                StoredAs = storedType, StoredSchema = storedSchema, Definition = name, Scale = Scale(subresources?.Child("scale")),
                Converter = version == stored ? null : new RenamingConverter(type.ApiVersion, storedType.ApiVersion),
                Printer = new Tables.DefinedPrinter(version.Objects("additionalPrinterColumns")), OpenApiSchema = version.Child("schema")?.Child("openAPIV3Schema"),
            };
        }

        ResourceType Type(JsonObject version) => new(group + "/" + version.Text("name"), names.Text("kind") ?? "", names.Text("plural") ?? "", namespaced);
    }

    private static IEnumerable<SubresourceFacts> Subresources(JsonObject? subresources, ResourceType type)
    {
        if (subresources?.ContainsKey("scale") == true) yield return new SubresourceFacts("scale", "autoscaling/v1/Scale", ["get", "patch", "update"]);
        if (subresources?.ContainsKey("status") == true) yield return new SubresourceFacts("status", type.ApiVersion + "/" + type.Kind, ["get", "patch", "update"]);
    }

    private static ScalePaths? Scale(JsonObject? scale) => scale is null ? null : new ScalePaths(
        Path(scale.Text("specReplicasPath")), Path(scale.Text("statusReplicasPath")), scale.Text("labelSelectorPath") is { Length: > 0 } selector ? Path(selector) : null);

    private static string[] Path(string? path) => (path ?? ".spec.replicas").TrimStart('.').Split('.');

    // Conditions say that names are accepted and the kind is served; a deleted definition takes its objects with it.
    private async Task SettleAsync(ApiClient client, StoredObject stored, CancellationToken cancel)
    {
        try
        {
            var definition = ModelJson.Parse<CustomResourceDefinition>(stored.Json);
            if (definition.Metadata.DeletionTimestamp is not null) { await CleanUpAsync(client, definition, cancel); return; }
            if (!definition.Metadata.Finalizers.Contains(CleanupFinalizer))
                await client.PatchAsync<CustomResourceDefinition>(null, stored.Name, PatchType.Merge, Encoding.UTF8.GetBytes(
                    new JsonObject { ["metadata"] = new JsonObject { ["finalizers"] = new JsonArray([.. definition.Metadata.Finalizers.Append(CleanupFinalizer).Select(f => (JsonNode)JsonValue.Create(f))]) } }.ToJsonString()), cancel: cancel);
            if (definition.Status.Conditions.Any(c => c is { Type: "Established", Status: "True" }) && definition.Status.AcceptedNames?.Plural == definition.Spec.Names?.Plural
                && definition.Spec.Versions.Where(v => v.Storage == true).All(v => definition.Status.StoredVersions.Contains(v.Name!))) return;
            var now = DateTimeOffset.UtcNow;
            await client.UpdateStatusAsync(definition with
            {
                Metadata = definition.Metadata with { ResourceVersion = null },
                Status = definition.Status with
                {
                    AcceptedNames = definition.Spec.Names,
                    StoredVersions = [.. definition.Status.StoredVersions.Concat(definition.Spec.Versions.Where(v => v.Storage == true).Select(v => v.Name!)).Distinct()],
                    Conditions =
                    [
                        new() { Type = "NamesAccepted", Status = "True", Reason = "NoConflicts", Message = "no conflicts found", LastTransitionTime = now },
                        new() { Type = "Established", Status = "True", Reason = "InitialNamesAccepted", Message = "the initial names have been accepted", LastTransitionTime = now },
                    ],
                },
            }, cancel: cancel);
        }
        catch (ApiException e) when (e.IsConflict || e.IsNotFound) { /* a newer state of it comes through the watch */ }
        catch (ApiException e) { Log.Current.Error("definitions", stored.Name, e); }
    }

    private async Task CleanUpAsync(ApiClient client, CustomResourceDefinition definition, CancellationToken cancel)
    {
        if (!definition.Metadata.Finalizers.Contains(CleanupFinalizer)) return;
        if (catalog.All.FirstOrDefault(r => r.Definition == definition.Metadata.Name) is { } resource)
        {
            await client.DeleteCollectionAsync(resource.Type, null, cancel: cancel);
            for (var tries = 0; state.Newest.CountUnder(Keys.Collection(resource.StoredAs)) > 0 && tries < 100; tries++) await Task.Delay(50, cancel);
        }
        await client.PatchAsync<CustomResourceDefinition>(null, definition.Metadata.Name!, PatchType.Merge, Encoding.UTF8.GetBytes(
            new JsonObject { ["metadata"] = new JsonObject { ["finalizers"] = new JsonArray([.. definition.Metadata.Finalizers.Where(f => f != CleanupFinalizer).Select(f => (JsonNode)JsonValue.Create(f))]) } }.ToJsonString()), cancel: cancel);
    }
}

/// <summary>Conversion "None": only the version changes.</summary>
internal sealed class RenamingConverter(string served, string stored) : IVersionConverter
{
    public JsonObject ToStored(JsonObject value) { value["apiVersion"] = stored; return value; }
    public JsonObject FromStored(JsonObject value) { value["apiVersion"] = served; return value; }
}
