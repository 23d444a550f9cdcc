using Gureum.Objects.Core.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Identity;

namespace Gureum.OpenStack.Placement;

/// <summary>Placement's routes: who may list Nodes may read, from the microversion on in which a route came to be.</summary>
internal sealed class PlacementRoutes(Routes routes)
{
    internal void Get(string path, Microversion since, string action, Func<Call, Answer> handler) => routes.Get(path, async call =>
    {
        if (call.Version < since) throw Fault.NotFound("The resource could not be found.");
        if (!await Judge.AllowsAsync(call.Caller, "list", Node.Resource, null, call.Cancel)) throw Fault.Forbidden($"Policy does not allow placement:{action} to be performed.");
        var answer = handler(call);
        // Everything is as of now.
        return call.Version >= new Microversion(1, 15) ? answer.With("Cache-Control", "no-cache").With("Last-Modified", DateTimeOffset.UtcNow.ToString("R", System.Globalization.CultureInfo.InvariantCulture)) : answer;
    });

    /// <summary>A write that would need a table of its own.</summary>
    internal void Refuse(string method, string path, string why)
    {
        Handler handler = _ => throw new Fault(501, $"Placement keeps nothing of its own here: {why}.");
        if (method == "POST") routes.Post(path, handler);
        else if (method == "PUT") routes.Put(path, handler);
        else routes.Delete(path, handler);
    }
}
