using System.Text.Json.Nodes;
using Gureum.Objects.Apiregistration.V1;

namespace Gureum.ApiServer.Aggregation;

/// <summary>Where a remote API is reached, and whom its certificate must come from (immutable): one connection pool each.</summary>
/// <param name="Authority">Base64 of PEM certificates; empty trusts what the system trusts.</param>
internal sealed record ServiceTarget(string Namespace, string Service, int Port, string Authority, bool Insecure)
{
    /// <summary>The name that its certificate is for.</summary>
    internal string Host => $"{Service}.{Namespace}.svc";
}

/// <summary>What a remote API says of itself (immutable).</summary>
/// <param name="Resources">Its resources in the form of aggregated discovery; null while it was never asked.</param>
/// <param name="Fresh">The last attempt to ask went well.</param>
/// <param name="OpenApiHash">What tells its OpenAPI v3 document from others; null when it has none.</param>
/// <param name="Swagger">Its OpenAPI v2 document; null when it has none.</param>
internal sealed record RemoteDocuments(byte[]? Resources, bool Fresh, string? OpenApiHash, JsonObject? Swagger)
{
    internal static RemoteDocuments None { get; } = new(null, false, null, null);

    /// <summary>What tells <see cref="Swagger"/> from others: what the service says, else its hash.</summary>
    internal string? SwaggerTag { get; init; }
}

/// <summary>One version of a group that another server serves (immutable): an APIService with a Service.</summary>
internal sealed record RemoteService(string Name, string Group, string Version, ServiceTarget Target, int GroupPriority, int VersionPriority)
{
    /// <summary>What its condition Available says.</summary>
    internal bool Available { get; init; }
    internal RemoteDocuments Documents { get; init; } = RemoteDocuments.None;

    internal string ApiVersion => Group.Length == 0 ? Version : Group + "/" + Version;

    /// <summary>"/apis/GROUP/VERSION".</summary>
    internal string Path => (Group.Length == 0 ? "/api/" : "/apis/") + ApiVersion;

    /// <summary>Reads an APIService; null for one that this server serves itself.</summary>
    internal static RemoteService? Of(APIService service) => service.Spec.Service is not { } to ? null
        : new RemoteService(service.Metadata.Name ?? "", service.Spec.Group ?? "", service.Spec.Version ?? "",
            new ServiceTarget(to.Namespace ?? "", to.Name ?? "", to.Port ?? 443, service.Spec.CaBundle is { Length: > 0 } bundle ? Convert.ToBase64String(bundle) : "", service.Spec.InsecureSkipTLSVerify == true),
            service.Spec.GroupPriorityMinimum ?? 0, service.Spec.VersionPriority ?? 0)
        {
            Available = service.Status.Conditions.Any(static c => c is { Type: ServiceConditions.Available, Status: "True" }),
        };
}
