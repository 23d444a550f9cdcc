using Gureum.OpenStack.Compute;
using Gureum.OpenStack.Http;

namespace Gureum.OpenStack.Placement;

/// <summary>Placement's API (https://docs.openstack.org/api-ref/placement/).</summary>
internal sealed class PlacementService(ResourceProviders providers, PlacementWords words, AllocationCandidates candidates) : IService
{
    public string Prefix => "/placement";
    public string Name => "placement";
    public MicroversionRange? Microversions { get; } = new("placement", new Microversion(1, 0), new Microversion(1, 39));

    public void Map(Routes routes)
    {
        routes.Open("GET", "/", _ => Task.FromResult(Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Objects("versions", [0], (_, _) =>
            {
                json.WriteString("id", "v1.0");
                json.WriteString("max_version", Microversions!.Most.ToString());
                json.WriteString("min_version", Microversions.Least.ToString());
                json.WriteString("status", "CURRENT");
                json.Objects("links", [0], static (j, _) =>
                {
                    j.WriteString("rel", "self");
                    j.WriteString("href", "");
                });
            });
            json.WriteEndObject();
        })));
        var mine = new PlacementRoutes(routes);
        providers.Map(mine);
        words.Map(mine);
        candidates.Map(mine);
    }

    /// <summary>{"errors": [{"status", "title", "detail"}]}; of whom the door does not know, keystonemiddleware's form.</summary>
    public Answer Refuse(Fault fault, Call call) => fault.Status == 401 ? ComputeService.Form(fault) : Answer.Json(json =>
    {
        json.WriteStartObject();
        json.Objects("errors", [0], (_, _) =>
        {
            json.WriteNumber("status", fault.Status);
            json.WriteString("title", Fault.Title(fault.Status));
            json.WriteString("detail", fault.Message);
            if (call.Version >= new Microversion(1, 23)) json.WriteString("code", "placement.undefined_code");
            json.WriteString("request_id", call.RequestId);
            if (fault.Status != 406) return;
            json.WriteString("max_version", Microversions!.Most.ToString());
            json.WriteString("min_version", Microversions.Least.ToString());
        });
        json.WriteEndObject();
    }, fault.Status);

    public Answer Finish(Answer answer, Call call) => answer.With("openstack-api-version", "placement " + (call.Version == default ? Microversions!.Least : call.Version)).With("vary", "openstack-api-version");
}
