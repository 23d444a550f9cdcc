using System.Text.Json;
using System.Text.RegularExpressions;
using Gureum.Identity;
using Gureum.Objects.Identity.V1;
using Gureum.Objects.Meta.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Identity;

/// <summary>Regions, services and endpoints (https://docs.openstack.org/api-ref/identity/v3/#service-catalog-and-endpoints).</summary>
public sealed partial class CatalogResources(Cloud cloud)
{
    [GeneratedRegex("^https?://[^ ]+$")] private static partial Regex UrlForm();

    internal void Map(Routes routes)
    {
        routes.Get("/v3/regions", ListRegionsAsync);
        routes.Post("/v3/regions", call => CreateRegionAsync(call, null));
        routes.Put("/v3/regions/{region}", call => CreateRegionAsync(call, call.Part("region")));
        routes.Get("/v3/regions/{region}", call => Task.FromResult(OneRegion(call, FindRegion(call))));
        routes.Patch("/v3/regions/{region}", ChangeRegionAsync);
        routes.Delete("/v3/regions/{region}", DeleteRegionAsync);
        routes.Get("/v3/services", ListServicesAsync);
        routes.Post("/v3/services", CreateServiceAsync);
        routes.Get("/v3/services/{service}", ShowServiceAsync);
        routes.Patch("/v3/services/{service}", ChangeServiceAsync);
        routes.Delete("/v3/services/{service}", DeleteServiceAsync);
        routes.Get("/v3/endpoints", ListEndpointsAsync);
        routes.Post("/v3/endpoints", CreateEndpointAsync);
        routes.Get("/v3/endpoints/{endpoint}", ShowEndpointAsync);
        routes.Patch("/v3/endpoints/{endpoint}", ChangeEndpointAsync);
        routes.Delete("/v3/endpoints/{endpoint}", DeleteEndpointAsync);
    }

    private Region FindRegion(Call call)
    {
        return cloud.Regions.Find(call.Part("region")) ?? throw Keystone.NotFound("region", call.Part("region"));
    }

    private Task<Answer> ListRegionsAsync(Call call)
    {
        return Task.FromResult(Keystone.List(call, "regions", cloud.Regions.All.Where(r => call.Query("parent_region_id") is not { } parent || r.Spec.Parent == parent).OrderBy(cloud.Regions.IdOf, StringComparer.Ordinal), (json, r) => Write(json, call, r)));
    }

    private Answer OneRegion(Call call, Region region, int status = 200) => Keystone.One("region", region, (json, r) => Write(json, call, r), status);

    private async Task<Answer> CreateRegionAsync(Call call, string? named)
    {
        var body = (await call.BodyAsync()).Object("region");
        await Judge.RequireAsync(call.Caller, "create", Region.Resource, null, "identity:create_region", call.Cancel);
        var id = named ?? (body.Text("id") is { Length: > 0 } given ? given : Guid.NewGuid().ToString("N"));
        if (named is not null && body.Text("id") is { } other && other != named) throw Fault.BadRequest($"The body names the region {other}, the path {named}.");
        if (cloud.Regions.Find(id) is not null) throw Keystone.Taken("region", id);
        if (body.Text("parent_region_id") is { } parent && cloud.Regions.Find(parent) is null) throw Keystone.NotFound("region", parent);
        var name = ObjectNames.For(id, n => cloud.Regions.Get(null, n) is not null, "region");
        return OneRegion(call, await cloud.Regions.CreateAsync(call.Caller.Api, new Region
        {
            Metadata = new ObjectMeta { Name = name, Annotations = name == id ? new Dictionary<string, string>() : new Dictionary<string, string> { [KeystoneNames.DisplayName] = id } },
            Spec = new RegionSpec { Description = body.Text("description", 4096), Parent = body.Text("parent_region_id") },
        }, call.Cancel), 201);
    }

    private async Task<Answer> ChangeRegionAsync(Call call)
    {
        var body = (await call.BodyAsync()).Object("region");
        if (body.Text("parent_region_id") is { } parent && cloud.Regions.Find(parent) is null) throw Keystone.NotFound("region", parent);
        return OneRegion(call, await cloud.Regions.ChangeAsync(call.Caller.Api, FindRegion(call), r => r with
        {
            Spec = r.Spec with { Description = body.Has("description") ? body.Text("description", 4096) : r.Spec.Description, Parent = body.Has("parent_region_id") ? body.Text("parent_region_id") : r.Spec.Parent },
        }, call.Cancel));
    }

    private async Task<Answer> DeleteRegionAsync(Call call)
    {
        var region = FindRegion(call);
        if (cloud.Endpoints.All.Any(e => e.Spec.Region == cloud.Regions.IdOf(region))) throw Fault.Forbidden($"Unable to delete region {call.Part("region")} because it or its child regions have associated endpoints.");
        await cloud.Regions.DeleteAsync(call.Caller.Api, region, call.Cancel);
        return Answer.NoContent;
    }

    private void Write(Utf8JsonWriter json, Call call, Region region)
    {
        var id = cloud.Regions.IdOf(region);
        json.WriteString("id", id);
        json.WriteString("description", region.Spec.Description ?? "");
        json.Text("parent_region_id", region.Spec.Parent);
        json.Links(call, "regions/" + id);
    }

    private async Task<CatalogService> ServiceAsync(Call call, string verb)
    {
        await Judge.RequireAsync(call.Caller, verb, CatalogService.Resource, null, $"identity:{verb}_service", call.Cancel);
        return cloud.Services.Find(call.Part("service")) ?? throw Keystone.NotFound("service", call.Part("service"));
    }

    private async Task<Answer> ListServicesAsync(Call call)
    {
        await Judge.RequireAsync(call.Caller, "list", CatalogService.Resource, null, "identity:list_services", call.Cancel);
        return Keystone.List(call, "services", cloud.Services.All.Where(s => Keystone.Passes(call, "type", s.Spec.Type) && Keystone.Passes(call, "name", s.Spec.Name)).OrderBy(static s => s.Spec.Type, StringComparer.Ordinal), (json, s) => Write(json, call, s));
    }

    private async Task<Answer> ShowServiceAsync(Call call) => Keystone.One("service", await ServiceAsync(call, "get"), (json, s) => Write(json, call, s));

    private async Task<Answer> CreateServiceAsync(Call call)
    {
        var body = (await call.BodyAsync()).Object("service");
        var type = body.Name("type");
        await Judge.RequireAsync(call.Caller, "create", CatalogService.Resource, null, "identity:create_service", call.Cancel);
        return Keystone.One("service", await cloud.Services.CreateAsync(call.Caller.Api, new CatalogService
        {
            Metadata = new ObjectMeta { Name = ObjectNames.For(body.Text("name") ?? type, n => cloud.Services.Get(null, n) is not null, "service") },
            Spec = new CatalogServiceSpec { Type = type, Name = body.Text("name"), Description = body.Text("description", 4096), Enabled = body.Flag("enabled", strict: true) ?? true },
        }, call.Cancel), (json, s) => Write(json, call, s), 201);
    }

    private async Task<Answer> ChangeServiceAsync(Call call)
    {
        var (known, body) = (await ServiceAsync(call, "update"), (await call.BodyAsync()).Object("service"));
        return Keystone.One("service", await cloud.Services.ChangeAsync(call.Caller.Api, known, s => s with
        {
            Spec = s.Spec with
            {
                Type = body.Text("type") ?? s.Spec.Type, Name = body.Has("name") ? body.Text("name") : s.Spec.Name, Description = body.Has("description") ? body.Text("description", 4096) : s.Spec.Description, Enabled = body.Flag("enabled", strict: true) ?? s.Spec.Enabled,
            },
        }, call.Cancel), (json, s) => Write(json, call, s));
    }

    private async Task<Answer> DeleteServiceAsync(Call call)
    {
        var service = await ServiceAsync(call, "delete");
        foreach (var endpoint in cloud.Endpoints.All.Where(e => e.Spec.Service == service.Metadata.Name).ToList()) await cloud.Endpoints.DeleteAsync(call.Caller.Api, endpoint, call.Cancel);
        await cloud.Services.DeleteAsync(call.Caller.Api, service, call.Cancel);
        return Answer.NoContent;
    }

    private static void Write(Utf8JsonWriter json, Call call, CatalogService service)
    {
        var id = KeystoneNames.Id(service.Metadata.Uid);
        json.WriteString("id", id);
        if (service.Spec.Name is { } name) json.WriteString("name", name);
        json.WriteString("type", service.Spec.Type);
        json.WriteBoolean("enabled", service.Spec.Enabled != false);
        if (service.Spec.Description is { } description) json.WriteString("description", description);
        json.Links(call, "services/" + id);
    }

    private async Task<CatalogEndpoint> EndpointAsync(Call call, string verb)
    {
        await Judge.RequireAsync(call.Caller, verb, CatalogEndpoint.Resource, null, $"identity:{verb}_endpoint", call.Cancel);
        return cloud.Endpoints.Find(call.Part("endpoint")) ?? throw Keystone.NotFound("endpoint", call.Part("endpoint"));
    }

    private async Task<Answer> ListEndpointsAsync(Call call)
    {
        await Judge.RequireAsync(call.Caller, "list", CatalogEndpoint.Resource, null, "identity:list_endpoints", call.Cancel);
        return Keystone.List(call, "endpoints", cloud.Endpoints.All.Where(e => Keystone.Passes(call, "interface", e.Spec.Interface) && Keystone.Passes(call, "service_id", ServiceId(e)) && Keystone.Passes(call, "region_id", e.Spec.Region)), (json, e) => Write(json, call, e));
    }

    private string ServiceId(CatalogEndpoint endpoint) => KeystoneNames.Id(cloud.Services.Get(null, endpoint.Spec.Service)?.Metadata.Uid);

    private async Task<Answer> ShowEndpointAsync(Call call) => Keystone.One("endpoint", await EndpointAsync(call, "get"), (json, e) => Write(json, call, e));

    private async Task<Answer> CreateEndpointAsync(Call call)
    {
        var body = (await call.BodyAsync()).Object("endpoint");
        await Judge.RequireAsync(call.Caller, "create", CatalogEndpoint.Resource, null, "identity:create_endpoint", call.Cancel);
        var (kind, url, serviceId) = (Interface(body.Name("interface")), Url(body.Name("url", 4096)), body.Name("service_id"));
        var service = cloud.Services.Find(serviceId) ?? throw Fault.BadRequest($"Could not find service: {serviceId}.");
        await EnsureRegionAsync(call, RegionOf(body));
        return Keystone.One("endpoint", await cloud.Endpoints.CreateAsync(call.Caller.Api, new CatalogEndpoint
        {
            Metadata = new ObjectMeta { Name = ObjectNames.For($"{service.Metadata.Name}-{kind}", n => cloud.Endpoints.Get(null, n) is not null, "endpoint") },
            Spec = new CatalogEndpointSpec { Service = service.Metadata.Name!, Interface = kind, Url = url, Region = RegionOf(body), Name = body.Text("name"), Enabled = body.Flag("enabled", strict: true) ?? true },
        }, call.Cancel), (json, e) => Write(json, call, e), 201);
    }

    // An endpoint may name a region that nobody has made.
    private async Task EnsureRegionAsync(Call call, string? id)
    {
        if (id is null || cloud.Regions.Find(id) is not null) return;
        var name = ObjectNames.For(id, n => cloud.Regions.Get(null, n) is not null, "region");
        await cloud.Regions.CreateAsync(call.Caller.Api, new Region { Metadata = new ObjectMeta { Name = name, Annotations = new Dictionary<string, string> { [KeystoneNames.DisplayName] = id } }, Spec = new RegionSpec() }, call.Cancel);
    }

    private static string? RegionOf(Body body) => body.Text("region_id") ?? body.Text("region");
    private static string Interface(string text) => text is "public" or "internal" or "admin" ? text : throw Fault.BadRequest($"Invalid input for field 'interface': '{text}' is not one of ['admin', 'internal', 'public']");
    private static string Url(string text) => UrlForm().IsMatch(text) ? text : throw Fault.BadRequest($"Invalid input for field 'url': '{text}' is no address; https://host:port/path is one.");

    private async Task<Answer> ChangeEndpointAsync(Call call)
    {
        var (known, body) = (await EndpointAsync(call, "update"), (await call.BodyAsync()).Object("endpoint"));
        var service = body.Text("service_id") is { } id ? cloud.Services.Find(id) ?? throw Fault.BadRequest($"Could not find service: {id}.") : null;
        await EnsureRegionAsync(call, RegionOf(body));
        return Keystone.One("endpoint", await cloud.Endpoints.ChangeAsync(call.Caller.Api, known, e => e with
        {
            Spec = e.Spec with
            {
                Service = service?.Metadata.Name ?? e.Spec.Service, Interface = body.Text("interface") is { } kind ? Interface(kind) : e.Spec.Interface, Url = body.Text("url", 4096) is { } url ? Url(url) : e.Spec.Url, Region = RegionOf(body) ?? e.Spec.Region,
                Name = body.Text("name") ?? e.Spec.Name, Enabled = body.Flag("enabled", strict: true) ?? e.Spec.Enabled,
            },
        }, call.Cancel), (json, e) => Write(json, call, e));
    }

    private async Task<Answer> DeleteEndpointAsync(Call call)
    {
        await cloud.Endpoints.DeleteAsync(call.Caller.Api, await EndpointAsync(call, "delete"), call.Cancel);
        return Answer.NoContent;
    }

    private void Write(Utf8JsonWriter json, Call call, CatalogEndpoint endpoint)
    {
        var id = KeystoneNames.Id(endpoint.Metadata.Uid);
        json.WriteString("id", id);
        json.WriteString("interface", endpoint.Spec.Interface);
        json.Text("region_id", endpoint.Spec.Region);
        json.Text("region", endpoint.Spec.Region);
        json.WriteString("service_id", ServiceId(endpoint));
        json.WriteString("url", endpoint.Spec.Url);
        json.WriteBoolean("enabled", endpoint.Spec.Enabled != false);
        if (endpoint.Spec.Name is { } name) json.WriteString("name", name);
        json.Links(call, "endpoints/" + id);
    }
}
