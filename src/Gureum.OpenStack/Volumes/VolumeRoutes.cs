using Gureum.OpenStack.Http;

namespace Gureum.OpenStack.Volumes;

/// <summary>Cinder's routes, each with the project's id in its path and without (https://docs.openstack.org/api-ref/block-storage/v3/).</summary>
internal sealed class VolumeRoutes(Routes routes)
{
    // An id of Keystone's; nothing else that stands there is as long.
    private const string Project = "/v3/{project:length(32)}/", Bare = "/v3/";

    internal void Get(string path, Handler handler) => Both(path, routes.Get, handler);
    internal void Post(string path, Handler handler) => Both(path, routes.Post, handler);
    internal void Put(string path, Handler handler) => Both(path, routes.Put, handler);
    internal void Delete(string path, Handler handler) => Both(path, routes.Delete, handler);

    private static void Both(string path, Action<string, Handler> map, Handler handler)
    {
        map(Bare + path, handler);
        map(Project + path, call => call.Part("project") == call.Caller.ProjectId ? handler(call) : throw Fault.BadRequest("Malformed request url: the project in its path is not the token's."));
    }
}
