using System.Text.Json;
using Gureum.OpenStack.Http;

namespace Gureum.OpenStack.Identity;

/// <summary>Keystone's API, version 3 (https://docs.openstack.org/api-ref/identity/v3/).</summary>
internal sealed class IdentityService(Tokens tokens, Projects projects, Domains domains, Users users, Groups groups, RoleResources roles, RoleAssignments assignments, ApplicationCredentials credentials, CatalogResources catalog, Trusts trusts, Credentials secrets) : IService
{
    public string Prefix => "/identity";
    public string Name => "keystone";
    public MicroversionRange? Microversions => null;

    public void Map(Routes routes)
    {
        routes.Open("GET", "/", static call => Task.FromResult(Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Object("versions", _ => json.Objects("values", [0], (_, _) => WriteVersion(json, call)));
            json.WriteEndObject();
        }, 300).With("Location", call.Service + "/v3/")));
        routes.Open("GET", "/v3", static call => Task.FromResult(Keystone.One("version", call, WriteVersion)));
        tokens.Map(routes);
        projects.Map(routes);
        domains.Map(routes);
        users.Map(routes);
        groups.Map(routes);
        roles.Map(routes);
        assignments.Map(routes);
        credentials.Map(routes);
        catalog.Map(routes);
        trusts.Map(routes);
        secrets.Map(routes);
    }

    private static void WriteVersion(Utf8JsonWriter json, Call call)
    {
        json.WriteString("id", "v3.14");
        json.WriteString("status", "stable");
        json.WriteString("updated", "2020-04-07T00:00:00Z");
        json.Objects("links", [call], static (json, call) =>
        {
            json.WriteString("rel", "self");
            json.WriteString("href", call.Service + "/v3/");
        });
        json.Objects("media-types", [0], static (json, _) =>
        {
            json.WriteString("base", "application/json");
            json.WriteString("type", "application/vnd.openstack.identity-v3+json");
        });
    }

    /// <summary>{"error": {"code", "message", "title"}}.</summary>
    public Answer Refuse(Fault fault, Call call) => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.Object("error", _ =>
        {
            json.WriteNumber("code", fault.Status);
            json.WriteString("message", fault.Message);
            json.WriteString("title", Fault.Title(fault.Status));
        });
        json.WriteEndObject();
    }, fault.Status);

    public Answer Finish(Answer answer, Call call) => answer.With("Vary", "X-Auth-Token");
}
