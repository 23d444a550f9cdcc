using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Gureum.OpenStack.Http;

/// <summary>Answers one request.</summary>
internal delegate Task<Answer> Handler(Call call);

/// <summary>The routes of one service, below its prefix.</summary>
internal sealed class Routes(IEndpointRouteBuilder endpoints, IService service, RequestPipeline pipeline)
{
    /// <summary>HEAD is answered by the same, without the body.</summary>
    internal void Get(string path, Handler handler) => Map(["GET", "HEAD"], path, handler, open: false);
    internal void Post(string path, Handler handler) => Map(["POST"], path, handler, open: false);
    internal void Put(string path, Handler handler) => Map(["PUT"], path, handler, open: false);
    internal void Patch(string path, Handler handler) => Map(["PATCH"], path, handler, open: false);
    internal void Delete(string path, Handler handler) => Map(["DELETE"], path, handler, open: false);

    /// <summary>A route for which nobody need show a token.</summary>
    internal void Open(string method, string path, Handler handler) => Map(method == "GET" ? ["GET", "HEAD"] : [method], path, handler, open: true);

    private void Map(string[] methods, string path, Handler handler, bool open) =>
        endpoints.MapMethods(service.Prefix + (path == "/" ? "" : path), methods, (RequestDelegate)(context => pipeline.RunAsync(context, service, handler, open)));
}
