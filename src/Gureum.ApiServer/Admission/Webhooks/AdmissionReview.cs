using System.Text;
using System.Text.Json.Nodes;
using Gureum.ApiServer.Admission.Hooks;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Admission.Webhooks;

/// <summary>What a webhook answered (immutable).</summary>
/// <param name="Result">The Status of a refusal; null when it gave none.</param>
/// <param name="Patch">A JSON patch (RFC 6902); null when it wants no change.</param>
internal sealed record WebhookAnswer(bool Allowed, JsonObject? Result, byte[]? Patch, IReadOnlyList<string> Warnings, IReadOnlyList<KeyValuePair<string, string>> AuditAnnotations);

/// <summary>The documents that are exchanged with webhooks: admission.k8s.io/v1 and v1beta1 AdmissionReview.</summary>
internal static class AdmissionReview
{
    internal static JsonObject Ask(HookView view, string version)
    {
        var request = view.Description.DeepClone().AsObject();
        request["object"] = view.Object?.DeepClone();
        request["oldObject"] = view.OldObject?.DeepClone();
        return new JsonObject { ["kind"] = "AdmissionReview", ["apiVersion"] = "admission.k8s.io/" + version, ["request"] = request };
    }

    /// <exception cref="WebhookCallException">It is not the answer to the question.</exception>
    internal static WebhookAnswer Read(JsonObject answer, string uid, string version, bool mutates)
    {
        var (kind, apiVersion) = (answer.Text("kind") ?? "", answer.Text("apiVersion") ?? "");
        if (kind != "AdmissionReview" || apiVersion != "admission.k8s.io/" + version)
        {
            // v1beta1 webhooks were never told to say what they send.
            if (version == "v1" || kind.Length + apiVersion.Length > 0)
                throw Invalid($"expected webhook response of admission.k8s.io/{version}, Kind=AdmissionReview, got {apiVersion}, Kind={kind}");
        }
        var response = answer.Child("response") ?? throw Invalid("webhook response was absent");
        if (version == "v1" && response.Text("uid") != uid) throw Invalid($"expected response.uid=\"{uid}\", got \"{response.Text("uid")}\"");
        return new WebhookAnswer(response.Flag("allowed") == true, response.Child("status"), Patch(response, version, mutates), [.. response.Texts("warnings")], [.. response.Map("auditAnnotations")]);
    }

    private static byte[]? Patch(JsonObject response, string version, bool mutates)
    {
        var (type, text) = (response.Text("patchType"), response.Text("patch"));
        if (!mutates)
        {
            if (type is not null && version == "v1") throw Invalid("validating webhook may not return response.patchType");
            return text is { Length: > 0 } && version == "v1" ? throw Invalid("validating webhook may not return response.patch") : null;
        }
        if (text is not { Length: > 0 }) return type is not null && version == "v1" ? throw Invalid("webhook returned response.patchType but not response.patch") : null;
        if (type is null && version == "v1") throw Invalid("webhook returned response.patch but not response.patchType");
        if (type is not (null or "JSONPatch")) throw Invalid($"webhook returned invalid response.patchType of \"{type}\"");
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var length) ? bytes[..length] : throw Invalid("response.patch is not base64");
    }

    private static WebhookCallException Invalid(string why) => new("received invalid webhook response: " + why);
}
