using System.Text.Json;
using Gureum.OpenStack.Compute;
using Gureum.OpenStack.Http;

namespace Gureum.OpenStack.Volumes;

/// <summary>Cinder's API, version 3 (https://docs.openstack.org/api-ref/block-storage/v3/).</summary>
internal sealed class VolumeService(Volumes volumes, VolumeActions actions, VolumeSnapshots snapshots, VolumeTypes types, VolumeQuotas quotas, VolumeTransfers transfers, Attachments attachments, VolumeFacts facts) : IService
{
    public string Prefix => "/volume";
    public string Name => "cinder";
    public MicroversionRange? Microversions { get; } = new("volume", new Microversion(3, 0), new Microversion(3, 70));

    public void Map(Routes routes)
    {
        routes.Open("GET", "/", call => Task.FromResult(Versions(call, 300)));
        routes.Get("/v3", call => Task.FromResult(Versions(call, 200)));
        var both = new VolumeRoutes(routes);
        volumes.Map(both);
        actions.Map(both);
        snapshots.Map(both);
        types.Map(both);
        quotas.Map(both);
        transfers.Map(both);
        attachments.Map(both);
        facts.Map(both);
    }

    private Answer Versions(Call call, int status) => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.Objects("versions", [0], (_, _) => Version(json, call));
        json.WriteEndObject();
    }, status);

    private void Version(Utf8JsonWriter json, Call call)
    {
        json.WriteString("id", "v3.0");
        json.WriteString("status", "CURRENT");
        json.WriteString("version", Microversions!.Most.ToString());
        json.WriteString("min_version", Microversions.Least.ToString());
        json.WriteString("updated", "2022-08-31T00:00:00Z");
        json.Objects("links", [("describedby", "https://docs.openstack.org/", "text/html"), ("self", call.Service + "/v3/", (string?)null)], (_, l) =>
        {
            json.WriteString("rel", l.Item1);
            if (l.Item3 is { } type) json.WriteString("type", type);
            json.WriteString("href", l.Item2);
        });
        json.Objects("media-types", [0], (_, _) =>
        {
            json.WriteString("base", "application/json");
            json.WriteString("type", "application/vnd.openstack.volume+json;version=3");
        });
    }

    public Answer Refuse(Fault fault, Call call) => ComputeService.Form(fault);

    public Answer Finish(Answer answer, Call call)
    {
        var version = call.Version == default ? Microversions!.Least : call.Version;
        return answer.With("OpenStack-API-Version", "volume " + version).With("Vary", "OpenStack-API-Version").With("x-compute-request-id", call.RequestId);
    }
}
