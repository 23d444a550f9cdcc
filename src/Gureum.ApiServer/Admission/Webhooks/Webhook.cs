using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Gureum.ApiServer.Admission.Hooks;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Admission.Webhooks;

/// <summary>Where a webhook is called (immutable): a URL, or a Service of the cluster.</summary>
/// <param name="Url">Null for a Service.</param>
/// <param name="Authority">Base64 of the PEM certificates that its server's must come from; empty trusts what the system trusts.</param>
internal sealed record WebhookClientConfig(string? Url, string Namespace, string Service, string Path, int Port, string Authority)
{
    internal static WebhookClientConfig Of(JsonObject? config)
    {
        var service = config?.Child("service");
        return new WebhookClientConfig(config?.Text("url"), service?.Text("namespace") ?? "", service?.Text("name") ?? "", service?.Text("path") ?? "", (int)(service?.Number("port") ?? 443), config?.Text("caBundle") ?? "");
    }

    /// <summary>The URL to ask; a Service goes by its name in the cluster's DNS, which is what its certificate is for.</summary>
    internal string Address => Url ?? $"https://{Service}.{Namespace}.svc:{Port}{(Path.StartsWith('/') || Path.Length == 0 ? Path : "/" + Path)}";
}

/// <summary>One webhook of a configuration, ready for use (immutable).</summary>
internal sealed record Webhook(string Name, HookMatcher Matcher, MatchConditions Conditions, WebhookClientConfig Client)
{
    /// <summary>The name of the configuration that it belongs to.</summary>
    internal string Configuration { get; private init; } = "";
    internal bool IgnoresFailure { get; private init; }
    internal TimeSpan Timeout { get; private init; }
    internal string SideEffects { get; private init; } = "Unknown";
    internal bool AsksAgain { get; private init; }

    /// <summary>The version of AdmissionReview to speak: the first of the webhook's that is known here; null when there is none.</summary>
    internal string? ReviewVersion { get; private init; }

    internal bool MayRunDry => SideEffects is "None" or "NoneOnDryRun";

    /// <summary>The webhooks of a configuration object in their order.</summary>
    internal static ImmutableArray<Webhook> Compile(JsonObject configuration) => [.. configuration.Objects("webhooks").Select(hook =>
        new Webhook(hook.Text("name") ?? "", HookMatcher.OfWebhook(hook), MatchConditions.Compile(hook, HookExpressions.Webhook), WebhookClientConfig.Of(hook.Child("clientConfig")))
        {
            Configuration = configuration.Child("metadata")?.Text("name") ?? "", IgnoresFailure = hook.Text("failurePolicy") == "Ignore", Timeout = TimeSpan.FromSeconds(hook.Number("timeoutSeconds") ?? 10), SideEffects = hook.Text("sideEffects") ?? "Unknown",
            AsksAgain = hook.Text("reinvocationPolicy") == "IfNeeded", ReviewVersion = hook.Texts("admissionReviewVersions").FirstOrDefault(static v => v is "v1" or "v1beta1"),
        })];
}
