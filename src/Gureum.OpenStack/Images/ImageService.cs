using System.Net;
using System.Text.Json;
using Gureum.OpenStack.Http;

namespace Gureum.OpenStack.Images;

/// <summary>Glance's API, version 2 (https://docs.openstack.org/api-ref/image/v2/).</summary>
internal sealed class ImageService(ImageResources images, ImageImports imports, ImageMembers members) : IService
{
    private static readonly string[] Versions = ["v2.15", "v2.12", "v2.11", "v2.10", "v2.9", "v2.8", "v2.7", "v2.6", "v2.5", "v2.4", "v2.3", "v2.2", "v2.1", "v2.0"];

    public string Prefix => "/image";
    public string Name => "glance";
    public MicroversionRange? Microversions => null;

    public void Map(Routes routes)
    {
        routes.Open("GET", "/", static call => Task.FromResult(VersionList(call, 300)));
        routes.Open("GET", "/versions", static call => Task.FromResult(VersionList(call, 200)));
        images.Map(routes);
        imports.Map(routes);
        members.Map(routes);
        foreach (var (name, document) in ImageSchemas.All) routes.Get("/v2/schemas/" + name, call => Task.FromResult(new Answer(200, document)));
        routes.Get("/v2/info/stores", static _ => Task.FromResult(new Answer(200, """{"stores": [{"id": "blobs", "default": "true"}]}"""u8.ToArray())));
    }

    private static Answer VersionList(Call call, int status) => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.Objects("versions", Versions, (_, version) =>
        {
            json.WriteString("id", version);
            json.WriteString("status", version == Versions[0] ? "CURRENT" : "SUPPORTED");
            json.Objects("links", [0], (_, _) =>
            {
                json.WriteString("rel", "self");
                json.WriteString("href", call.Service + "/v2/");
            });
        });
        json.WriteEndObject();
    }, status);

    /// <summary>A page of HTML, as glance's are: clients take what stands in its body for the message.</summary>
    public Answer Refuse(Fault fault, Call call)
    {
        var title = $"{fault.Status} {Fault.Title(fault.Status)}";
        return Answer.Text(fault.Status, $"<html>\n <head>\n  <title>{title}</title>\n </head>\n <body>\n  <h1>{title}</h1>\n  {WebUtility.HtmlEncode(fault.Message)}<br /><br />\n </body>\n</html>") with { ContentType = "text/html; charset=UTF-8" };
    }

    public Answer Finish(Answer answer, Call call) => answer;
}
