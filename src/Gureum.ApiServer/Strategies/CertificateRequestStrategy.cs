using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies;

/// <summary>Requests for certificates: what is asked never changes; approval and signature come through their own doors.</summary>
internal sealed class CertificateRequestStrategy : SimpleStrategy
{
    private static readonly IReadOnlyDictionary<string, string[]> Fields = new Dictionary<string, string[]> { ["spec.signerName"] = ["spec", "signerName"] };

    public override IReadOnlyDictionary<string, string[]> SelectableFields => Fields;
    public override bool SelectsNamespace => false;

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        var signer = spec.Text("signerName") ?? "";
        if (signer.Length == 0) errors.Required("spec.signerName");
        else if (signer.Split('/') is not [{ Length: > 0 } domain, { Length: > 0 }] || Names.DnsSubdomainError(domain) is not null) errors.Invalid("spec.signerName", signer, "must be a fully qualified domain and path of the form 'example.com/signer-name'");
        if (spec.Items("usages") is null or { Count: 0 }) errors.Required("spec.usages", "usages must be provided");
        if (spec.Number("expirationSeconds") is < 600) errors.Invalid("spec.expirationSeconds", spec["expirationSeconds"], "may not specify a duration less than 600 seconds (10 minutes)");
        if (Certificates.CertificateRequestReading.Read(value) is null) errors.Invalid("spec.request", "", "PEM block type must be CERTIFICATE REQUEST, holding a PKCS#10 request signed by its own key");
        var conditions = value.Child("status")?.Objects("conditions").Select(c => c.Text("type")).ToHashSet() ?? [];
        if (conditions.Contains("Approved") && conditions.Contains("Denied")) errors.Invalid("status.conditions", "Denied", "Approved and Denied conditions are mutually exclusive");
    }

    // Approving may add conditions, and nothing else.
    public override void PrepareForSubresource(JsonObject value, JsonObject old, string subresource)
    {
        if (subresource != "approval") { base.PrepareForSubresource(value, old, subresource); return; }
        var conditions = value.Child("status")?["conditions"]?.DeepClone();
        PrepareForUpdate(value, old);
        value["spec"] = old["spec"]?.DeepClone();
        if (conditions is not null) value.Need("status")["conditions"] = conditions;
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors)
    {
        Immutable(value, old, errors, "spec");
        foreach (var type in (ReadOnlySpan<string>)["Approved", "Denied", "Failed"])
            if (Has(old, type) && !Has(value, type)) errors.Forbidden("status.conditions", $"updates may not remove a condition of type \"{type}\"");
    }

    public override void ValidateStatusUpdate(JsonObject value, JsonObject old, FieldErrors errors)
    {
        ValidateUpdate(value, old, errors);
        if (old.Child("status")?.Text("certificate") is { Length: > 0 }) Immutable(value, old, errors, "status", "certificate");
    }

    private static bool Has(JsonObject request, string type) => request.Child("status")?.Objects("conditions").Any(c => c.Text("type") == type) == true;
}
