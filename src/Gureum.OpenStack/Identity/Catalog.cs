using System.Text.Json;
using Gureum.Identity;
using Gureum.Objects.Identity.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Identity;

/// <summary>The service catalog of a token (https://docs.openstack.org/api-ref/identity/v3/#catalog).</summary>
public sealed class Catalog(Cloud cloud)
{
    /// <summary>Writes "catalog": the services that are enabled, their endpoints with the project's id filled in.</summary>
    public void Write(Utf8JsonWriter json, string? projectId)
    {
        var endpoints = cloud.Endpoints.All.Where(e => e.Spec.Enabled != false).ToLookup(e => e.Spec.Service);
        json.Objects("catalog", cloud.Services.All.Where(s => s.Spec.Enabled != false).OrderBy(s => s.Spec.Type, StringComparer.Ordinal), (_, service) =>
        {
            json.WriteString("id", KeystoneNames.Id(service.Metadata.Uid));
            json.Text("type", service.Spec.Type);
            json.Text("name", service.Spec.Name);
            json.Objects("endpoints", endpoints[service.Metadata.Name!].Select(e => (Endpoint: e, Url: Fill(e.Spec.Url ?? "", projectId))).Where(e => e.Url is not null).OrderBy(e => e.Endpoint.Spec.Interface, StringComparer.Ordinal), (_, e) =>
            {
                json.WriteString("id", KeystoneNames.Id(e.Endpoint.Metadata.Uid));
                json.WriteString("interface", e.Endpoint.Spec.Interface);
                json.Text("region_id", e.Endpoint.Spec.Region);
                json.Text("region", e.Endpoint.Spec.Region);
                json.WriteString("url", e.Url);
            });
        });
    }

    // An address that asks for a project is of no use without one, and is left out.
    private static string? Fill(string url, string? projectId)
    {
        foreach (var form in (string[])["%(project_id)s", "$(project_id)s", "%(tenant_id)s", "$(tenant_id)s"])
        {
            if (!url.Contains(form, StringComparison.Ordinal)) continue;
            if (projectId is null) return null;
            url = url.Replace(form, projectId, StringComparison.Ordinal);
        }
        return url;
    }
}
