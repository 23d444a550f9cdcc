using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Strategies;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Definitions.Conversion;

/// <summary>What spec.conversion of a definition may say. Fields are named as upstream's own form of the kind names them.</summary>
internal static class ConversionRules
{
    private const string Path = "spec.conversion", Client = Path + ".webhookClientConfig", Versions = Path + ".conversionReviewVersions";

    internal static void Validate(JsonObject? conversion, FieldErrors errors)
    {
        if (conversion is null) return;
        var (strategy, webhook) = (conversion.Text("strategy") ?? "", conversion.Child("webhook"));
        var (config, versions) = (webhook?.Child("clientConfig"), webhook?.Texts("conversionReviewVersions").ToList() ?? []);
        if (strategy is not ("None" or "Webhook")) errors.Unsupported(Path + ".strategy", strategy, ["None", "Webhook"]);
        if (strategy != "Webhook")
        {
            if (config is not null) errors.Forbidden(Client, "should not be set when strategy is not set to Webhook");
            if (versions.Count > 0) errors.Forbidden(Versions, "should not be set when strategy is not set to Webhook");
            return;
        }
        if (config is null) errors.Required(Client, "required when strategy is set to Webhook");
        else Config(config, errors);
        Reviews(versions, errors);
    }

    private static void Config(JsonObject config, FieldErrors errors)
    {
        var (url, service) = (config.Text("url"), config.Child("service"));
        if (url is null == service is null) errors.Required(Client, "exactly one of url or service is required");
        else if (url is not null) WebhookConfigurationStrategy.Url(url, Client + ".url", errors);
        else if (service is not null)
        {
            if (service.Text("name") is not { Length: > 0 }) errors.Required(Client + ".service.name");
            if (service.Text("namespace") is not { Length: > 0 }) errors.Required(Client + ".service.namespace");
            if (service.Number("port") is { } port and (< 1 or > 65535)) errors.Invalid(Client + ".service.port", port, "port is not valid: must be between 1 and 65535, inclusive");
            if (service.Text("path") is { Length: > 0 } path && !path.StartsWith('/')) errors.Invalid(Client + ".service.path", path, "must start with a '/'");
        }
    }

    private static void Reviews(List<string> versions, FieldErrors errors)
    {
        if (versions.Count == 0) { errors.Required(Versions); return; }
        var seen = new HashSet<string>();
        foreach (var (version, i) in versions.Select((v, i) => (v, i)))
        {
            if (!seen.Add(version)) errors.Invalid($"{Versions}[{i}]", version, "duplicate version");
            else errors.InvalidIf($"{Versions}[{i}]", version, Names.Dns1035LabelError(version));
        }
        if (!versions.Any(static v => v is "v1" or "v1beta1")) errors.Invalid(Versions, new JsonArray([.. versions.Select(v => (JsonNode)JsonValue.Create(v))]), "must include at least one of v1, v1beta1");
    }
}
