using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Registry;
using Gureum.ApiServer.State;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Json;
using Gureum.Objects.Models;
using Gureum.Objects.Scheduling.V1;
using Gureum.Objects.Storage.V1;

namespace Gureum.ApiServer.Admission;

/// <summary>Nothing is made in a namespace that does not exist or is ending, and some namespaces never end.</summary>
internal sealed class NamespaceLifecycle(ClusterState state) : IAdmissionPlugin
{
    private static readonly string[] Immortal = ["default", "kube-system", "kube-public"];

    public ValueTask ValidateAsync(AdmissionRequest request)
    {
        if (request.Operation == AdmissionOperation.Delete && request.Is("namespaces") && Immortal.Contains(request.Name))
            throw ApiError.Forbidden(request.Resource.Type, request.Name, "this namespace may not be deleted");
        if (request.Operation != AdmissionOperation.Create || request.Namespace is null) return ValueTask.CompletedTask;
        var found = state.Newest.Get(Keys.Object(Namespace.Resource, null, request.Namespace)) ?? throw ApiError.NotFound(Namespace.Resource, request.Namespace);
        if (JsonPeek.Text(found.Json, ["metadata", "deletionTimestamp"]).Length == 0) return ValueTask.CompletedTask;
        throw ApiError.Make(403, "Forbidden", $"{request.Resource.Type.GroupResource} \"{request.Name}\" is forbidden: unable to create new content in namespace {request.Namespace} because it is being terminated",
            new() { Name = request.Name, Kind = request.Resource.Type.Plural, Causes = [new() { Reason = "NamespaceTerminating", Message = $"namespace {request.Namespace} is being terminated", Field = "metadata.namespace" }] });
    }
}

/// <summary>Pods run as a service account, whose token is mounted where clients look for it.</summary>
internal sealed class ServiceAccountAdmission(ClusterState state) : IAdmissionPlugin
{
    private const string MountPath = "/var/run/secrets/kubernetes.io/serviceaccount", VolumePrefix = "kube-api-access-";

    public ValueTask MutateAsync(AdmissionRequest request)
    {
        if (request.Operation != AdmissionOperation.Create || !request.Is("pods") || request.Object!.Child("metadata")?.Child("annotations")?.ContainsKey("kubernetes.io/config.mirror") == true) return ValueTask.CompletedTask;
        var spec = request.Object!.Need("spec");
        if (spec.Text("serviceAccountName") is not { Length: > 0 })
        {
            spec["serviceAccountName"] = "default";
            spec["serviceAccount"] = "default";
        }
        var name = spec.Text("serviceAccountName")!;
        var found = state.Newest.Get(Keys.Object(ServiceAccount.Resource, request.Namespace, name))
            ?? throw ApiError.Forbidden(request.Resource.Type, request.Name, $"error looking up service account {request.Namespace}/{name}: serviceaccount \"{name}\" not found");
        var account = ModelJson.Parse<ServiceAccount>(found.Json);
        if (spec.Items("imagePullSecrets") is null or { Count: 0 } && account.ImagePullSecrets.Count > 0)
            spec["imagePullSecrets"] = new JsonArray([.. account.ImagePullSecrets.Select(s => (JsonNode)new JsonObject { ["name"] = s.Name })]);
        if ((spec.Flag("automountServiceAccountToken") ?? account.AutomountServiceAccountToken ?? true) && !Mounted(spec)) Mount(spec);
        return ValueTask.CompletedTask;
    }

    private static bool Mounted(JsonObject spec) => Containers(spec).All(c => c.Objects("volumeMounts").Any(m => m.Text("mountPath") == MountPath));

    private static IEnumerable<JsonObject> Containers(JsonObject spec) => spec.Objects("initContainers").Concat(spec.Objects("containers"));

    private static void Mount(JsonObject spec)
    {
        // One that is there already serves containers that a webhook added after the first round.
        if (spec.Objects("volumes").Select(v => v.Text("name")).FirstOrDefault(n => n?.StartsWith(VolumePrefix, StringComparison.Ordinal) == true) is { } there) { Mount(spec, there); return; }
        var name = VolumePrefix + ObjectMetaRules.Suffix();
        spec.NeedItems("volumes").Add((JsonNode)new JsonObject
        {
            ["name"] = name,
            ["projected"] = new JsonObject
            {
                ["sources"] = new JsonArray(
                    new JsonObject { ["serviceAccountToken"] = new JsonObject { ["expirationSeconds"] = 3607L, ["path"] = "token" } },
                    new JsonObject { ["configMap"] = new JsonObject { ["name"] = "kube-root-ca.crt", ["items"] = new JsonArray((JsonNode)new JsonObject { ["key"] = "ca.crt", ["path"] = "ca.crt" }) } },
                    new JsonObject { ["downwardAPI"] = new JsonObject { ["items"] = new JsonArray((JsonNode)new JsonObject { ["path"] = "namespace", ["fieldRef"] = new JsonObject { ["apiVersion"] = "v1", ["fieldPath"] = "metadata.namespace" } }) } }),
                ["defaultMode"] = 420L,
            },
        });
        Mount(spec, name);
    }

    private static void Mount(JsonObject spec, string name)
    {
        foreach (var container in Containers(spec))
            if (!container.Objects("volumeMounts").Any(m => m.Text("mountPath") == MountPath))
                container.NeedItems("volumeMounts").Add((JsonNode)new JsonObject { ["name"] = name, ["readOnly"] = true, ["mountPath"] = MountPath });
    }
}

/// <summary>Pods get the number of their priority class, and the tolerations that let them outlast a short absence of their node.</summary>
internal sealed class PodPriorityAndTolerations(ClusterState state) : IAdmissionPlugin
{
    public ValueTask MutateAsync(AdmissionRequest request)
    {
        if (request.Operation is not (AdmissionOperation.Create or AdmissionOperation.Update) || !request.Is("pods")) return ValueTask.CompletedTask;
        var spec = request.Object!.Need("spec");
        if (request.Operation == AdmissionOperation.Create) Prioritize(spec, request);
        // An update that names its tolerations anew keeps these, as upstream's plugin has it.
        foreach (var key in (ReadOnlySpan<string>)["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"])
        {
            var tolerations = spec.NeedItems("tolerations");
            if (!tolerations.OfType<JsonObject>().Any(t => (t.Text("key") == key || t.Text("key") is not { Length: > 0 } && t.Text("operator") == "Exists") && t.Text("effect") is "NoExecute" or null or ""))
                tolerations.Add((JsonNode)new JsonObject { ["key"] = key, ["operator"] = "Exists", ["effect"] = "NoExecute", ["tolerationSeconds"] = 300L });
        }
        return ValueTask.CompletedTask;
    }

    private void Prioritize(JsonObject spec, AdmissionRequest request)
    {
        var name = spec.Text("priorityClassName");
        var chosen = name is { Length: > 0 }
            ? state.Newest.Get(Keys.Object(PriorityClass.Resource, null, name)) is { } found ? ModelJson.Parse<PriorityClass>(found.Json)
                : throw ApiError.Forbidden(request.Resource.Type, request.Name, $"no PriorityClass with name {name} was found")
            : state.Newest.Under(Keys.Collection(PriorityClass.Resource)).Select(p => ModelJson.Parse<PriorityClass>(p.Value.Json)).Where(c => c.GlobalDefault == true).MinBy(c => c.ValueValue());
        var value = (long)(chosen?.ValueValue() ?? 0);
        if (spec.Number("priority") is { } asked && asked != value)
            throw ApiError.Forbidden(request.Resource.Type, request.Name, $"the integer value of priority ({asked}) must not be provided in pod spec; priority admission controller computed {value} from the given PriorityClass name");
        if (chosen is not null) spec["priorityClassName"] = chosen.Metadata.Name;
        spec["priority"] = value;
        if (!spec.ContainsKey("preemptionPolicy")) spec["preemptionPolicy"] = chosen?.PreemptionPolicy ?? "PreemptLowerPriority";
    }
}

internal static class PriorityValues
{
    internal static int ValueValue(this PriorityClass priority) => priority.Value ?? 0;
}

/// <summary>Claims that name no class take the default one; volumes and claims in use are protected from deletion.</summary>
internal sealed class StorageAdmission(ClusterState state) : IAdmissionPlugin
{
    public ValueTask MutateAsync(AdmissionRequest request)
    {
        if (request.Operation != AdmissionOperation.Create) return ValueTask.CompletedTask;
        if (request.Is("persistentvolumeclaims"))
        {
            var spec = request.Object!.Need("spec");
            if (!spec.ContainsKey("storageClassName") && Default() is { } name) spec["storageClassName"] = name;
            Protect(request.Object!, "kubernetes.io/pvc-protection");
        }
        else if (request.Is("persistentvolumes")) Protect(request.Object!, "kubernetes.io/pv-protection");
        return ValueTask.CompletedTask;
    }

    private string? Default() => state.Newest.Under(Keys.Collection(StorageClass.Resource)).Select(p => ModelJson.Parse<StorageClass>(p.Value.Json))
        .Where(c => c.Metadata.Annotations.GetValueOrDefault("storageclass.kubernetes.io/is-default-class") == "true")
        .OrderByDescending(c => c.Metadata.CreationTimestamp).Select(c => c.Metadata.Name).FirstOrDefault();

    private static void Protect(JsonObject value, string finalizer)
    {
        var finalizers = value.Need("metadata").NeedItems("finalizers");
        if (!finalizers.Any(f => f?.GetValue<string>() == finalizer)) finalizers.Add((JsonNode)JsonValue.Create(finalizer));
    }
}

/// <summary>A node's agent changes its own node, the status and end of its own pods, and asks for tokens of their accounts only.</summary>
internal sealed class NodeRestriction(ClusterState state) : IAdmissionPlugin
{
    public ValueTask ValidateAsync(AdmissionRequest request)
    {
        if (request.User.NodeName is not { } node) return ValueTask.CompletedTask;
        switch (request.Resource.Type.GroupResource)
        {
            case "nodes" when request.Name != node:
                throw ApiError.Forbidden(request.Resource.Type, request.Name, $"node \"{node}\" is not allowed to modify node \"{request.Name}\"");
            case "leases.coordination.k8s.io" when request.Namespace == "kube-node-lease" && request.Name != node:
                throw ApiError.Forbidden(request.Resource.Type, request.Name, $"can only access node lease with the same name as the requesting node");
            case "pods" when request.Operation == AdmissionOperation.Create:
                if (request.Object!.Child("metadata")?.Child("annotations")?.ContainsKey("kubernetes.io/config.mirror") != true || request.Object!.Child("spec")?.Text("nodeName") != node)
                    throw ApiError.Forbidden(request.Resource.Type, request.Name, $"node \"{node}\" can only create mirror pods on itself");
                break;
            case "pods" when request.OldObject?.Child("spec")?.Text("nodeName") != node:
                throw ApiError.Forbidden(request.Resource.Type, request.Name, $"node \"{node}\" can only modify pods with spec.nodeName set to itself");
            default: break;
        }
        _ = state;
        return ValueTask.CompletedTask;
    }
}
