using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Gureum.ApiServer.Admission.Hooks;
using Gureum.ApiServer.Authorization;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Registry;
using Gureum.ApiServer.State;
using Gureum.Objects.Admissionregistration.V1;
using Gureum.Objects.Json;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;
using Gureum.Objects.Patches;

namespace Gureum.ApiServer.Admission.Webhooks;

/// <summary>
/// Asks servers outside about requests
/// (https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/): those that mutate one
/// after the other, those that validate all at once. Thread-safe.
/// </summary>
internal sealed class WebhookAdmission(ClusterState state, ResourceCatalog catalog, IAuthorizer authorizer, WebhookClient client) : IAdmissionPlugin
{
    private readonly HookCollection<ImmutableArray<Webhook>> mutating = new(state, MutatingWebhookConfiguration.Resource, Webhook.Compile);
    private readonly HookCollection<ImmutableArray<Webhook>> validating = new(state, ValidatingWebhookConfiguration.Resource, Webhook.Compile);

    public ValueTask MutateAsync(AdmissionRequest request)
    {
        var configurations = mutating.Current;
        return configurations.IsEmpty || Exemptions.Covers(request.Resource.Type) ? ValueTask.CompletedTask : MutateAsync(request, configurations);
    }

    public ValueTask ValidateAsync(AdmissionRequest request)
    {
        var configurations = validating.Current;
        if (configurations.IsEmpty || Exemptions.Covers(request.Resource.Type)) return ValueTask.CompletedTask;
        return ValidateAsync(request, configurations);
    }

    private async ValueTask ValidateAsync(AdmissionRequest request, ImmutableArray<ImmutableArray<Webhook>> configurations)
    {
        List<(Webhook, HookView)>? meant = null;
        foreach (var hooks in configurations)
            foreach (var hook in hooks)
                if (await SeeAsync(hook, request) is { } view) (meant ??= []).Add((hook, view));
        if (meant is not null) await ValidateAsync(meant);
    }

    private async ValueTask MutateAsync(AdmissionRequest request, ImmutableArray<ImmutableArray<Webhook>> configurations)
    {
        var index = 0;
        foreach (var hooks in configurations)
            foreach (var hook in hooks)
            {
                if (hook.Matcher.Find(request, catalog) is null || (request.Hooks?.Skips(hook, request) ?? false) || await SeeAsync(hook, request) is not { } view) continue;
                var changed = false;
                try { changed = await MutateAsync(hook, view); }
                catch (WebhookCallException e)
                {
                    FailOrIgnore(hook, e);
                    request.Annotate($"failed-open.mutation.webhook.admission.k8s.io/round_{(HookState.Of(request).InSecondRound ? 1 : 0)}_index_{index}", hook.Name);
                }
                if (request.Audit is not null) AnnotateMutation(hook, request, index, changed);
                index++;
                HookState.Of(request).Asked(hook, hook.AsksAgain, changed);
            }
    }

    // Which hook changed the object, and in which round: what upstream records.
    private static void AnnotateMutation(Webhook hook, AdmissionRequest request, int index, bool changed) =>
        request.Annotate($"mutation.webhook.admission.k8s.io/round_{(HookState.Of(request).InSecondRound ? 1 : 0)}_index_{index}",
            new JsonObject { ["configuration"] = hook.Configuration, ["webhook"] = hook.Name, ["mutated"] = changed }.ToJsonString());

    private async ValueTask<bool> MutateAsync(Webhook hook, HookView view)
    {
        var answer = await AskAsync(hook, view, mutates: true);
        if (!answer.Allowed) throw Denied(hook.Name, answer.Result);
        if (answer.Patch is null) return false;
        if (view.Object is not { } value || view.Request.Operation == AdmissionOperation.Connect) throw ApiError.Internal($"admission webhook \"{hook.Name}\" attempted to modify the object, which is not supported for this operation");
        try
        {
            var patched = JsonPatch.Apply(value.DeepClone(), ObjectDecoder.DecodeAny(answer.Patch)) as JsonObject ?? throw new PatchException(422, "the patch leaves no object");
            return await view.AcceptAsync(patched);
        }
        catch (PatchException e) { throw ApiError.Internal($"admission webhook \"{hook.Name}\" returned a patch that does not apply: {e.Message}"); }
        catch (DecodeException e) { throw ApiError.Internal($"admission webhook \"{hook.Name}\" returned a patch that cannot be read: {e.Message}"); }
    }

    private async ValueTask ValidateAsync(List<(Webhook Hook, HookView View)> meant)
    {
        var answers = await Task.WhenAll(meant.Select((m, i) => JudgeAsync(m.Hook, m.View, i)));
        foreach (var refusal in answers) if (refusal is not null) throw refusal;
    }

    // The refusal, or null. All are waited for: each may have warnings.
    private async Task<ApiError?> JudgeAsync(Webhook hook, HookView view, int index)
    {
        try
        {
            var answer = await AskAsync(hook, view, mutates: false);
            return answer.Allowed ? null : Denied(hook.Name, answer.Result);
        }
        catch (WebhookCallException e)
        {
            if (!hook.IgnoresFailure) return Failed(hook, e);
            view.Request.Annotate("failed-open.validating.webhook.admission.k8s.io/round_0_index_" + index, hook.Name);
            return null;
        }
        catch (ApiError e) { return e; }
    }

    // What the hook is to see; null when the request is none of its business.
    private async ValueTask<HookView?> SeeAsync(Webhook hook, AdmissionRequest request)
    {
        if (hook.Matcher.Find(request, catalog) is not { } seenAs || !hook.Matcher.Selectors.Match(request, state)) return null;
        var view = await HookView.OfAsync(request, seenAs);
        if (hook.Conditions.List.IsEmpty) return view;
        var holds = hook.Conditions.Hold(new HookActivation(view, HookAuthorizer.Of(authorizer, view)), request.Cancel, out var errors);
        if (!holds || (errors.Count > 0 && hook.IgnoresFailure)) return null;
        return errors.Count == 0 ? view : throw ApiError.Forbidden(request.Resource.Type, request.Name, string.Join(", ", errors));
    }

    private async Task<WebhookAnswer> AskAsync(Webhook hook, HookView view, bool mutates)
    {
        var request = view.Request;
        if (request.DryRun && !hook.MayRunDry) throw ApiError.BadRequest($"admission webhook \"{hook.Name}\" does not support dry run");
        var version = hook.ReviewVersion ?? throw new WebhookCallException("webhook does not accept known AdmissionReview versions (v1, v1beta1)");
        var answer = AdmissionReview.Read(await client.PostAsync(hook.Client, AdmissionReview.Ask(view, version), hook.Timeout, request.Cancel), view.Description.Text("uid")!, version, mutates);
        lock (request.Warnings)
        {
            request.Warnings.AddRange(answer.Warnings);
            foreach (var (key, text) in answer.AuditAnnotations) request.Annotate(hook.Name + "/" + key, text);
        }
        return answer;
    }

    private static void FailOrIgnore(Webhook hook, WebhookCallException e)
    {
        if (!hook.IgnoresFailure) throw Failed(hook, e);
    }

    private static ApiError Failed(Webhook hook, WebhookCallException e) => ApiError.Internal($"failed calling webhook \"{hook.Name}\": {e.Message}");

    // The webhook's own Status, made a refusal whatever it says.
    private static ApiError Denied(string name, JsonObject? result)
    {
        var given = result is null ? new Status() : ModelJson.Parse<Status>(ObjectEncoder.EncodeAny(result));
        var why = given.Message is { Length: > 0 } message ? ": " + message : given.Reason is { Length: > 0 } reason ? ": " + reason : " without explanation";
        return new ApiError(given with
        {
            Metadata = given.Metadata ?? new ListMeta(), StatusValue = "Failure", Code = given.Code is { } code and >= 400 and < 600 ? code : 400, Message = $"admission webhook \"{name}\" denied the request{why}",
        });
    }
}
