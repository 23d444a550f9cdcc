using System.Text.Json.Nodes;
using Gureum.ApiServer.Authorization;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.State;
using Gureum.Objects.Json;
using Gureum.Objects.Models;
using Gureum.Objects.Network.V1;

namespace Gureum.ApiServer.Admission;

/// <summary>
/// Keeps tenants' networks apart, whichever door their objects come through: nobody stands on a network of another namespace that is not shared, takes another's segment or address, or
/// reaches into another's router. Who may update networks everywhere is held to none of it.
/// </summary>
internal sealed class TenantNetworkAdmission(ClusterState state, IAuthorizer authorizer) : IAdmissionPlugin
{
    private const string Group = "network.gureum.io", Owner = "network:", RouterInterface = "network:router_interface";

    public async ValueTask ValidateAsync(AdmissionRequest request)
    {
        if (request.Subresource.Length > 0 || request.Resource.Type.Group != Group || request.Operation is not (AdmissionOperation.Create or AdmissionOperation.Update) || request.Object?.Child("spec") is not { } spec) return;
        var old = request.OldObject?.Child("spec");
        if (old is not null && JsonNode.DeepEquals(old, spec) || request.User.Groups.Contains(UserInfo.Masters)) return;
        if (Refusal(request, spec, old) is { } why && !await AdministersAsync(request.User)) throw ApiError.Forbidden(request.Resource.Type, request.Name, why);
    }

    private async ValueTask<bool> AdministersAsync(UserInfo user) => (await authorizer.AuthorizeAsync(user, new AccessRequest("update", Group, "networks", "", "", "", ""))).Allowed;

    private string? Refusal(AdmissionRequest request, JsonObject spec, JsonObject? old) => request.Resource.Type.Plural switch
    {
        "networks" => OfNetwork(request, spec, old),
        "ports" => OfPort(request, spec, old),
        "routers" => OfRouter(request, spec),
        "floatingips" => OfFloatingIp(request, spec),
        _ => null,
    };

    private string? OfNetwork(AdmissionRequest request, JsonObject spec, JsonObject? old)
    {
        foreach (var field in (string[])["shared", "external"])
            if ((spec.Flag(field) == true) != (old?.Flag(field) == true)) return $"spec.{field} is an administrator's to change";
        if (spec.Number("segment") is not { } segment || segment == (old?.Number("segment") ?? 0)) return null;
        if (old?.Number("segment") is > 0) return "spec.segment does not change: leave it as it is";
        return All(Network.Resource).Any(n => n.Child("spec")?.Number("segment") == segment && !IsSame(n, request)) ? $"spec.segment {segment} is another network's: leave it out, and a free one is chosen" : null;
    }

    private string? OfPort(AdmissionRequest request, JsonObject spec, JsonObject? old)
    {
        var (ns, name) = Reference(spec.Child("network"), request.Namespace);
        if (old is not null && Reference(old.Child("network"), request.Namespace) != (ns, name)) return "spec.network does not change: make another port";
        if (spec.Text("deviceOwner") is { } owner && owner.StartsWith(Owner, StringComparison.Ordinal) && (owner, spec.Text("deviceID")) != (old?.Text("deviceOwner"), old?.Text("deviceID")))
        {
            if (owner != RouterInterface) return $"spec.deviceOwner {owner} is for ports that the cloud makes itself: leave it out";
            if (!All(Router.Resource, request.Namespace).Any(r => Uid(r) == spec.Text("deviceID"))) return $"spec.deviceID {spec.Text("deviceID")} is no router of this namespace: a port is a leg of a router beside it";
        }
        if (ns == request.Namespace) return null;
        if (Find(Network.Resource, ns, name)?.Child("spec")?.Flag("shared") != true) return $"spec.network: there is no network {name} in namespace {ns} that is shared";
        return Addresses(spec).FirstOrDefault(a => (old is null || !Addresses(old).Contains(a)) && IsTaken(request, ns, name, a)) is { } taken ? $"spec.fixedIPs: {taken} is another's on network {ns}/{name}" : null;
    }

    private string? OfRouter(AdmissionRequest request, JsonObject spec)
    {
        if (spec.Child("externalGateway") is not { } gateway) return null;
        var (ns, name) = Reference(gateway.Child("network"), request.Namespace);
        return IsExternal(ns, name) ? null : $"spec.externalGateway.network: there is no external network {name} in namespace {ns}";
    }

    private string? OfFloatingIp(AdmissionRequest request, JsonObject spec)
    {
        var (ns, name) = Reference(spec.Child("network"), request.Namespace);
        if (!IsExternal(ns, name)) return $"spec.network: there is no external network {name} in namespace {ns}";
        if (spec.Child("port") is { } port && Reference(port, request.Namespace).Namespace is var at && at != request.Namespace) return $"spec.port is in namespace {at}: a floating IP stands for a port beside it";
        return spec.Text("address") is { Length: > 0 } address && IsTaken(request, ns, name, address) ? $"spec.address: {address} is another's on network {ns}/{name}" : null;
    }

    private bool IsExternal(string? ns, string? name) => Find(Network.Resource, ns, name)?.Child("spec")?.Flag("external") == true;

    private bool IsTaken(AdmissionRequest request, string? ns, string? name, string address) =>
        All(Port.Resource).Any(p => !IsSame(p, request) && IsOn(p, ns, name) && Addresses(p.Child("spec")).Contains(address)) || All(FloatingIP.Resource).Any(f => !IsSame(f, request) && IsOn(f, ns, name) && f.Child("spec")?.Text("address") == address);

    private static bool IsOn(JsonObject value, string? ns, string? name) => Reference(value.Child("spec")?.Child("network"), value.Child("metadata")?.Text("namespace")) == (ns, name);
    private static IEnumerable<string> Addresses(JsonObject? spec) => spec?.Objects("fixedIPs").Select(static f => f.Text("address")).OfType<string>() ?? [];
    private static (string? Namespace, string? Name) Reference(JsonObject? reference, string? ns) => (reference?.Text("namespace") is { Length: > 0 } other ? other : ns, reference?.Text("name"));
    private static string? Uid(JsonObject value) => value.Child("metadata")?.Text("uid");
    private static bool IsSame(JsonObject value, AdmissionRequest request) => request.OldObject is { } old && Uid(value) == Uid(old);

    private JsonObject? Find(ResourceType type, string? ns, string? name) => name is { Length: > 0 } && state.Newest.Get(Keys.Object(type, ns, name)) is { } found ? (JsonObject)ObjectDecoder.DecodeAny(found.Json)! : null;

    private IEnumerable<JsonObject> All(ResourceType type, string? ns = null) => state.Newest.Under(ns is null ? Keys.Collection(type) : Keys.Collection(type, ns)).Select(static f => (JsonObject)ObjectDecoder.DecodeAny(f.Value.Json)!);
}
