using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Registry;
using Gureum.ApiServer.Requests;
using Gureum.ApiServer.Responses;
using Gureum.Objects;
using Gureum.Objects.Json;
using Gureum.Objects.Models;
using Gureum.Objects.Policy.V1;
using Gureum.Objects.Schemas;
using Gureum.Objects.Selectors;

namespace Gureum.ApiServer.Subresources;

/// <summary>Binding a pod to a node, and evicting it within its disruption budgets.</summary>
internal static class PodSubresources
{
    /// <param name="named">The pod that the path names; null when the binding alone does.</param>
    internal static async ValueTask<ApiResult> BindAsync(ObjectRegistry registry, ApiCall call, Resource pods, string ns, string? named, CancellationToken cancel)
    {
        var warnings = new List<string>();
        var binding = RequestBody.Read(call, KubernetesSchema.Instance.Type("core.v1.Binding"), "v1", "Binding", warnings);
        var name = named ?? (binding.Child("metadata")?.Text("name") is { Length: > 0 } given ? given : throw ApiError.BadRequest("name is required"));
        if (binding.Child("metadata")?.Text("name") is { Length: > 0 } other && other != name) throw ApiError.BadRequest("name in URL does not match name in Binding object");
        if (binding.Child("metadata")?.Text("namespace") is { Length: > 0 } space && space != ns) throw ApiError.BadRequest("the namespace of the provided object does not match the namespace sent on the request");
        var node = binding.Child("target")?.Text("name") is { Length: > 0 } target ? target : throw ApiError.BadRequest("Binding.target.name: Required value: name the node");
        var uid = binding.Child("metadata")?.Text("uid");
        await registry.UpdateAsync(new UpdateRequest(pods, ns, name, pod =>
        {
            if (uid is { Length: > 0 } && pod.Child("metadata")?.Text("uid") != uid) throw ApiError.Conflict(pods.Type, name, $"Precondition failed: UID in precondition: {uid}, UID in object meta: {pod.Child("metadata")?.Text("uid")}");
            if (pod.Child("metadata")?.ContainsKey("deletionTimestamp") == true) throw ApiError.Conflict(pods.Type, name, $"pod {name} is being deleted, cannot be assigned to a host");
            if (pod.Child("spec")?.Text("nodeName") is { Length: > 0 } taken) throw ApiError.Conflict(pods.Type, name, $"pod {name} is already assigned to node \"{taken}\"");
            if (pod.Child("spec")?.Items("schedulingGates") is { Count: > 0 }) throw ApiError.Conflict(pods.Type, name, $"pod {name} has non-empty .spec.schedulingGates");
            pod.Need("spec")["nodeName"] = node;
            SetCondition(pod, "PodScheduled", "True", registry.Now);
            return pod;
        // As upstream, where the binding is the object that is written: nobody becomes the owner of a pod's field by it.
        }) { Subresource = "binding", Narrow = true, OwnersKept = true }, new WriteOptions(call.User) { Audit = call.Audit, FieldManager = call.FieldManager, DryRun = call.DryRun, Cancel = cancel });
        return new BodyResult(201, StatusDocument.Success(null, "", null, null)) { Warnings = warnings };
    }

    private static void SetCondition(JsonObject pod, string type, string status, DateTimeOffset now, string? reason = null, string? message = null)
    {
        var conditions = pod.Need("status").NeedItems("conditions");
        var condition = conditions.OfType<JsonObject>().FirstOrDefault(c => c.Text("type") == type);
        if (condition is null) conditions.Add((JsonNode)(condition = new JsonObject { ["type"] = type }));
        condition["status"] = status;
        condition["lastTransitionTime"] = Times.Format(now);
        foreach (var (field, text) in ((string, string?)[])[("reason", reason), ("message", message)])
            if (text is null) condition.Remove(field);
            else condition[field] = text;
    }

    internal static async ValueTask<ApiResult> EvictAsync(ObjectRegistry registry, ApiCall call, Resource pods, string ns, string name, CancellationToken cancel)
    {
        var warnings = new List<string>();
        var eviction = RequestBody.Read(call, KubernetesSchema.Instance.Type("policy.v1.Eviction"), "policy/v1", "Eviction", warnings);
        if (eviction.Child("metadata")?.Text("name") is { Length: > 0 } other && other != name) throw ApiError.BadRequest("name in URL does not match name in Eviction object");
        var request = eviction.Child("deleteOptions") is { } given ? DeleteRequest.Parse(ObjectEncoder.EncodeAny(given), new Dictionary<string, IReadOnlyList<string>>()) : new DeleteRequest();
        var options = new WriteOptions(call.User) { Audit = call.Audit, DryRun = request.DryRun || call.DryRun, Cancel = cancel, FieldManager = call.FieldManager };
        var pod = registry.Get(pods, ns, name);
        var phase = JsonPeek.Text(pod.Json, ["status", "phase"]);
        var deleting = JsonPeek.Text(pod.Json, ["metadata", "deletionTimestamp"]).Length > 0;
        if (!deleting && phase is not ("Succeeded" or "Failed")) await Machines.MachineEviction.JudgeAsync(registry, ns, pod, options);
        if (!deleting && phase is not ("Succeeded" or "Failed" or "Pending")) await TakeFromBudgetAsync(registry, ns, pod, options);
        if (!deleting && !options.DryRun) await MarkDisruptedAsync(registry, pods, ns, pod, options);
        await registry.DeleteAsync(pods, ns, name, request, options);
        return new BodyResult(201, StatusDocument.Success(null, "", null, null)) { Warnings = warnings };
    }

    // Who looks at the pod's end (a Job's failure policy) must know that it was not the pod's own doing.
    private static async ValueTask MarkDisruptedAsync(ObjectRegistry registry, Resource pods, string ns, State.StoredObject pod, WriteOptions options)
    {
        var uid = JsonPeek.Text(pod.Json, ["metadata", "uid"]);
        await registry.UpdateAsync(new UpdateRequest(pods, ns, pod.Name, current =>
        {
            if (current.Child("metadata")?.Text("uid") == uid) SetCondition(current, "DisruptionTarget", "True", registry.Now, "EvictionByEvictionAPI", "Eviction API: evicting");
            return current;
        }) { Subresource = "status", Narrow = true, OwnersKept = true }, options);
    }

    private static async ValueTask TakeFromBudgetAsync(ObjectRegistry registry, string ns, State.StoredObject pod, WriteOptions options)
    {
        var budgets = registry.Catalog.Find("policy/v1", "poddisruptionbudgets")!;
        var matching = registry.List(budgets, ns, new ListRequest()).Items.Select(b => ModelJson.Parse<PodDisruptionBudget>(b.Json))
            .Where(b => Selector.From(b.Spec.Selector).Matches(pod.Labels)).ToList();
        if (matching.Count == 0) return;
        if (matching.Count > 1) throw ApiError.Internal($"this pod has more than one PodDisruptionBudget ({string.Join(", ", matching.Select(b => b.Metadata.Name))}), which the eviction subresource does not support");
        var (budget, name) = (matching[0], pod.Name);
        await registry.UpdateAsync(new UpdateRequest(budgets, ns, budget.Metadata.Name!, current =>
        {
            var status = current.Need("status");
            var allowed = status.Number("disruptionsAllowed") ?? 0;
            if (allowed <= 0 || (status.Number("observedGeneration") ?? 0) < (current.Child("metadata")?.Number("generation") ?? 0))
                throw ApiError.Make(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.", new()
                {
                    Causes = [new() { Reason = "DisruptionBudget", Message = $"The disruption budget {budget.Metadata.Name} needs {status.Number("desiredHealthy") ?? 0} healthy pods and has {status.Number("currentHealthy") ?? 0} currently" }],
                });
            status["disruptionsAllowed"] = allowed - 1;
            status.Need("disruptedPods")[name] = Times.Format(registry.Now);
            return current;
        }) { Subresource = "status" }, options);
    }
}
