using System.Text.Json;
using Gureum.OpenStack.Http;

namespace Gureum.OpenStack.Compute;

/// <summary>Nova's API, version 2.1 (https://docs.openstack.org/api-ref/compute/).</summary>
internal sealed class ComputeService(IReadOnlyList<Action<Routes>> resources) : IService
{
    private static readonly string[] Faults = ["badRequest", "unauthorized", "forbidden", "itemNotFound", "badMethod", "conflictingRequest", "overLimit", "badMediaType", "notImplemented", "serviceUnavailable"];

    public string Prefix => "/compute";
    public string Name => "nova";
    public MicroversionRange? Microversions { get; } = new("compute", new Microversion(2, 1), new Microversion(2, 93), "X-OpenStack-Nova-API-Version");

    public void Map(Routes routes)
    {
        routes.Open("GET", "/", call => Task.FromResult(Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("versions");
            json.WriteStartObject();
            WriteVersion(json, call, "v2.0", "SUPPORTED", "", "", "2011-01-21T11:33:21Z", "v2/");
            json.WriteEndObject();
            json.WriteStartObject();
            WriteVersion(json, call, "v2.1", "CURRENT", Microversions!.Most.ToString(), Microversions.Least.ToString(), "2013-07-23T11:33:21Z", "v2.1/");
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        })));
        routes.Open("GET", "/v2.1", call => Task.FromResult(Version(call, "v2.1", "CURRENT", Microversions!.Most.ToString(), Microversions.Least.ToString(), "2013-07-23T11:33:21Z", "2.1")));
        routes.Open("GET", "/v2", static call => Task.FromResult(Version(call, "v2.0", "SUPPORTED", "", "", "2011-01-21T11:33:21Z", "2")));
        routes.Get("/v2.1/extensions", static _ => Task.FromResult(Answer.Json(static json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("extensions");
            json.WriteEndArray();
            json.WriteEndObject();
        })));
        foreach (var map in resources) map(routes);
    }

    private static Answer Version(Call call, string id, string status, string version, string least, string updated, string media) => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.Object("version", _ =>
        {
            json.WriteString("id", id);
            json.WriteString("status", status);
            json.WriteString("version", version);
            json.WriteString("min_version", least);
            json.WriteString("updated", updated);
            json.Objects("links", [("self", $"{call.Service}/v{media}/", (string?)null), ("describedby", "http://docs.openstack.org/", "text/html")], (_, l) =>
            {
                json.WriteString("rel", l.Item1);
                if (l.Item3 is { } type) json.WriteString("type", type);
                json.WriteString("href", l.Item2);
            });
            json.Objects("media-types", [0], (_, _) =>
            {
                json.WriteString("base", "application/json");
                json.WriteString("type", "application/vnd.openstack.compute+json;version=" + media);
            });
        });
        json.WriteEndObject();
    });

    private static void WriteVersion(Utf8JsonWriter json, Call call, string id, string status, string version, string least, string updated, string path)
    {
        json.WriteString("id", id);
        json.WriteString("status", status);
        json.WriteString("version", version);
        json.WriteString("min_version", least);
        json.WriteString("updated", updated);
        json.Objects("links", [path], (_, p) =>
        {
            json.WriteString("rel", "self");
            json.WriteString("href", $"{call.Service}/{p}");
        });
    }

    public Answer Refuse(Fault fault, Call call) => Form(fault);

    /// <summary>Nova's form, and Cinder's: {"itemNotFound": {"code", "message"}}; of whom the door does not know, keystonemiddleware's.</summary>
    internal static Answer Form(Fault fault)
    {
        var name = fault.Status switch
        {
            400 => Faults[0], 403 => Faults[2], 404 => Faults[3], 405 => Faults[4], 409 => Faults[5], 413 or 429 => Faults[6], 415 => Faults[7], 501 => Faults[8], 503 => Faults[9], _ => "computeFault",
        };
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Object(fault.Status == 401 ? "error" : name, _ =>
            {
                json.WriteNumber("code", fault.Status);
                if (fault.Status == 401) json.WriteString("title", Fault.Title(401));
                json.WriteString("message", fault.Message);
            });
            json.WriteEndObject();
        }, fault.Status);
    }

    public Answer Finish(Answer answer, Call call)
    {
        var version = call.Version == default ? Microversions!.Least : call.Version;
        return answer.With("OpenStack-API-Version", "compute " + version).With("X-OpenStack-Nova-API-Version", version.ToString()).With("Vary", "OpenStack-API-Version, X-OpenStack-Nova-API-Version").With("x-compute-request-id", call.RequestId);
    }
}
