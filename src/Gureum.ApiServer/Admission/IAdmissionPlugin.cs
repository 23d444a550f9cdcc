using System.Text.Json.Nodes;
using Gureum.ApiServer.Registry;

namespace Gureum.ApiServer.Admission;

public enum AdmissionOperation { Create, Update, Delete, Connect }

/// <summary>A request on its way into the store: <see cref="Object"/> may be changed by mutating plugins.</summary>
public sealed class AdmissionRequest
{
    public required Resource Resource { get; init; }
    public required AdmissionOperation Operation { get; init; }
    public required UserInfo User { get; init; }
    public string Subresource { get; init; } = "";
    public string? Namespace { get; init; }
    public string Name { get; init; } = "";

    /// <summary>What is to be stored; null on delete.</summary>
    public JsonObject? Object { get; set; }

    /// <summary>What is stored now; null on create.</summary>
    public JsonObject? OldObject { get; init; }
    public bool DryRun { get; init; }
    public List<string> Warnings { get; init; } = [];

    /// <summary>Who writes, for the record of field owners; empty where nothing is written.</summary>
    public string FieldManager { get; init; } = "";

    /// <summary>How to delete; null for other operations.</summary>
    public DeleteRequest? Deletion { get; init; }
    public CancellationToken Cancel { get; init; }

    /// <summary>The kind of <see cref="Object"/> where a subresource takes another kind than its resource; null where it takes the same.</summary>
    public (string ApiVersion, string Kind)? Form { get; init; }

    /// <summary>The record that is kept of the request; null when none is.</summary>
    public Audit.RequestAudit? Audit { get; init; }

    /// <summary>Adds an annotation to the request's record.</summary>
    internal void Annotate(string key, string value) => Audit?.Annotate(key, value);

    /// <summary>What webhooks and policies remember of this request; made by the first that applies.</summary>
    internal Hooks.HookState? Hooks { get; set; }

    /// <summary>Called when the request is over, stored or not: for what plugins held on to meanwhile.</summary>
    public List<Action> Ended { get; } = [];

    internal void End()
    {
        foreach (var action in Ended) action();
    }

    public bool Is(string groupResource) => Subresource.Length == 0 && Resource.Type.GroupResource == groupResource;
}

/// <summary>
/// Judges requests before they reach the store (https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/).
/// A refusal is thrown as an ApiError.
/// </summary>
public interface IAdmissionPlugin
{
    ValueTask MutateAsync(AdmissionRequest request) => ValueTask.CompletedTask;
    ValueTask ValidateAsync(AdmissionRequest request) => ValueTask.CompletedTask;
}

/// <summary>The plugins in their order: all mutate, then (after validation of the object) all validate.</summary>
public sealed class AdmissionChain(IReadOnlyList<IAdmissionPlugin> plugins)
{
    public async ValueTask MutateAsync(AdmissionRequest request)
    {
        foreach (var plugin in plugins) await plugin.MutateAsync(request);
        // What a hook changed may be for an earlier plugin or hook to judge anew: once, so that two that disagree come to an end.
        if (request.Hooks is not { WantsAnotherRound: true } hooks) return;
        hooks.BeginSecondRound(request);
        foreach (var plugin in plugins) await plugin.MutateAsync(request);
    }

    public async ValueTask ValidateAsync(AdmissionRequest request)
    {
        foreach (var plugin in plugins) await plugin.ValidateAsync(request);
    }
}
