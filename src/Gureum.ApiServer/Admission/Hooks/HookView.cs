using System.Text.Json.Nodes;
using Gureum.ApiServer.Authorization;
using Gureum.ApiServer.Registry;
using Gureum.Objects.Json;
using Gureum.Objects.Models;
using Gureum.Objects.Schemas;

namespace Gureum.ApiServer.Admission.Hooks;

/// <summary>A request as a hook sees it: in the version that the hook's rule names. Its parts are made when they are first asked for.</summary>
internal sealed class HookView(AdmissionRequest request, Resource seenAs)
{
    private JsonObject? description;

    internal AdmissionRequest Request => request;
    internal Resource SeenAs => seenAs;

    /// <summary>The view of a request; where the version that the hook wants is made by somebody outside, once it has been made.</summary>
    /// <exception cref="Errors.ApiError">500: it could not be made.</exception>
    internal static ValueTask<HookView> OfAsync(AdmissionRequest request, Resource seenAs)
    {
        var view = new HookView(request, seenAs);
        return seenAs == request.Resource || request.Form is not null || request.Resource.Remote is not { } remote ? ValueTask.FromResult(view) : view.ConvertAsync(remote);
    }

    private async ValueTask<HookView> ConvertAsync(IRemoteConversion remote)
    {
        Object = await ShowAsync(remote, request.Object);
        OldObject = await ShowAsync(remote, request.OldObject);
        return this;
    }

    /// <summary>The object, in a tree of its own; null on delete.</summary>
    internal JsonObject? Object { get => field ??= Show(request.Object); private set; }

    /// <summary>What is stored now, in a tree of its own; null on create.</summary>
    internal JsonObject? OldObject { get => field ??= Show(request.OldObject); private set; }

    /// <summary>Everything of an AdmissionRequest but the objects, as expressions see it in the variable "request".</summary>
    internal JsonObject Description => description ??= Describe();

    private JsonObject? Show(JsonObject? value)
    {
        if (value is null) return null;
        var shown = value.DeepClone().AsObject();
        if (request.Form is { } form)
        {
            (shown["kind"], shown["apiVersion"]) = (form.Kind, form.ApiVersion);
            return shown;
        }
        return InItsVersion(shown);
    }

    private JsonObject InItsVersion(JsonObject shown)
    {
        if (seenAs != request.Resource)
        {
            if (request.Resource.Converter is { } own) shown = own.ToStored(shown);
            if (seenAs.Converter is { } other) shown = other.FromStored(shown);
        }
        (shown["kind"], shown["apiVersion"]) = (seenAs.Type.Kind, seenAs.Type.ApiVersion);
        return shown;
    }

    private async ValueTask<JsonObject?> ShowAsync(IRemoteConversion remote, JsonObject? value)
    {
        if (value is null) return null;
        var shown = value.DeepClone().AsObject();
        (shown["kind"], shown["apiVersion"]) = (request.Resource.Type.Kind, request.Resource.Type.ApiVersion);
        return InItsVersion(await remote.ConvertAsync(shown, seenAs.Type.ApiVersion, request.Cancel));
    }

    private JsonObject Describe()
    {
        var (asked, form) = (request.Resource.Type, request.Form);
        var value = new JsonObject
        {
            ["uid"] = Guid.NewGuid().ToString(),
            ["kind"] = form is { } f ? KindOf(f.ApiVersion, f.Kind) : KindOf(seenAs.Type.ApiVersion, seenAs.Type.Kind), ["resource"] = ResourceOf(seenAs.Type),
            ["requestKind"] = form is { } g ? KindOf(g.ApiVersion, g.Kind) : KindOf(asked.ApiVersion, asked.Kind), ["requestResource"] = ResourceOf(asked),
        };
        if (request.Subresource.Length > 0) (value["subResource"], value["requestSubResource"]) = (request.Subresource, request.Subresource);
        if (request.Name.Length > 0) value["name"] = request.Name;
        if ((request.Namespace ?? (asked.GroupResource == "namespaces" ? request.Name : null)) is { Length: > 0 } ns) value["namespace"] = ns;
        value["operation"] = request.Operation.ToString().ToUpperInvariant();
        value["userInfo"] = User(request.User);
        value["dryRun"] = request.DryRun;
        if (Options() is { } options) value["options"] = options;
        return value;
    }

    private static JsonObject KindOf(string apiVersion, string kind) => new() { ["group"] = GroupOf(apiVersion), ["version"] = VersionOf(apiVersion), ["kind"] = kind };

    private static JsonObject ResourceOf(ResourceType type) => new() { ["group"] = type.Group, ["version"] = type.Version, ["resource"] = type.Plural };

    private static string GroupOf(string apiVersion) => apiVersion.IndexOf('/') is var slash and >= 0 ? apiVersion[..slash] : "";

    private static string VersionOf(string apiVersion) => apiVersion[(apiVersion.IndexOf('/') + 1)..];

    private static JsonObject User(UserInfo user)
    {
        var value = new JsonObject { ["username"] = user.Name };
        if (user.Uid.Length > 0) value["uid"] = user.Uid;
        value["groups"] = new JsonArray([.. user.Groups.Select(g => (JsonNode)JsonValue.Create(g))]);
        if (user.Extra.Count > 0) value["extra"] = new JsonObject(user.Extra.Select(p => KeyValuePair.Create(p.Key, (JsonNode?)new JsonArray([.. p.Value.Select(v => (JsonNode)JsonValue.Create(v))]))));
        return value;
    }

    private JsonObject? Options()
    {
        var kind = request.Operation switch { AdmissionOperation.Create => "CreateOptions", AdmissionOperation.Update => "UpdateOptions", AdmissionOperation.Delete => "DeleteOptions", _ => null };
        if (kind is null) return null;
        var options = new JsonObject { ["kind"] = kind, ["apiVersion"] = "meta.k8s.io/v1" };
        if (request.DryRun) options["dryRun"] = new JsonArray(JsonValue.Create("All"));
        if (request.FieldManager.Length > 0) options["fieldManager"] = request.FieldManager;
        if (request.Deletion is not { } deletion) return options;
        if (deletion.GracePeriodSeconds is { } grace) options["gracePeriodSeconds"] = grace;
        if (deletion.PropagationPolicy is { } policy) options["propagationPolicy"] = policy;
        if (deletion.Uid is not null || deletion.ResourceVersion is not null)
        {
            var preconditions = options.Need("preconditions");
            if (deletion.Uid is { } uid) preconditions["uid"] = uid;
            if (deletion.ResourceVersion is { } version) preconditions["resourceVersion"] = version;
        }
        return options;
    }

    /// <summary>What is asked of an authorizer about the request's own resource.</summary>
    internal AccessRequest OwnAccess(string verb) => new(verb, request.Resource.Type.Group, request.Resource.Type.Plural, request.Subresource, request.Namespace ?? "", request.Name, "") { ApiVersion = request.Resource.Type.ApiVersion };

    /// <summary>Takes what a hook made of <see cref="Object"/>: pruned by the schema, with defaults, in the version of the request.</summary>
    /// <returns>Whether anything changed.</returns>
    /// <exception cref="DecodeException">It is no object of its kind.</exception>
    internal async ValueTask<bool> AcceptAsync(JsonObject changed)
    {
        if (JsonNode.DeepEquals(changed, Object)) return false;
        var value = changed.DeepClone().AsObject();
        var resource = request.Resource;
        if (seenAs != resource)
        {
            if (resource.Remote is { } remote) value = await remote.ConvertAsync(value, resource.Type.ApiVersion, request.Cancel);
            if (seenAs.Converter is { } other) value = other.ToStored(value);
            if (resource.Converter is { } own) value = own.FromStored(value);
        }
        value = ObjectDecoder.Decode(ObjectEncoder.EncodeAny(value), resource.Schema).Object;
        if (request.OldObject is { } old)
        {
            ObjectMetaRules.PrepareForUpdate(resource, value, old, request.Name);
            if (request.Subresource == "status") resource.Strategy.PrepareForSubresource(value, old, "status");
            else if (request.Subresource.Length == 0 && (resource.HasStatus || resource.Definition is null)) resource.Strategy.PrepareForUpdate(value, old);
        }
        else resource.Strategy.PrepareForCreate(value);
        Defaulting.Apply(value, resource.Schema);
        resource.Strategy.Default(value);
        request.Object = value;
        return true;
    }
}
