using Gureum.Objects.Kubevirt.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Compute;

/// <summary>Tags of servers, since 2.26 (https://docs.openstack.org/api-ref/compute/#server-tags-servers-tags).</summary>
internal sealed class ServerTags(Servers servers)
{
    private const int Most = 50, Longest = 60;

    internal void Map(Routes routes)
    {
        routes.Get("/v2.1/servers/{server}/tags", async call => List(ServerDocument.Tags(await FindAsync(call))));
        routes.Put("/v2.1/servers/{server}/tags", async call =>
        {
            var machine = await FindAsync(call);
            return List(await WriteAsync(call, machine, (await call.BodyAsync()).Texts("tags") ?? throw Fault.BadRequest("Invalid input for field/attribute tags. 'tags' is a required property")));
        });
        routes.Delete("/v2.1/servers/{server}/tags", async call =>
        {
            await WriteAsync(call, await FindAsync(call), []);
            return Answer.NoContent;
        });
        routes.Get("/v2.1/servers/{server}/tags/{tag}", async call => ServerDocument.Tags(await FindAsync(call)).Contains(call.Part("tag")) ? Answer.NoContent : throw Missing(call));
        routes.Put("/v2.1/servers/{server}/tags/{tag}", AddAsync);
        routes.Delete("/v2.1/servers/{server}/tags/{tag}", async call =>
        {
            var machine = await FindAsync(call);
            var known = ServerDocument.Tags(machine);
            if (!known.Contains(call.Part("tag"))) throw Missing(call);
            await WriteAsync(call, machine, [.. known.Where(t => t != call.Part("tag"))]);
            return Answer.NoContent;
        });
    }

    private Task<VirtualMachine> FindAsync(Call call) => call.Version >= Nova.V2_26 ? servers.FindAsync(call) : throw Fault.NotFound("The resource could not be found.");

    private static Fault Missing(Call call) => Fault.NotFound($"Instance {call.Part("server")} has no tag '{call.Part("tag")}'");

    private async Task<Answer> AddAsync(Call call)
    {
        var (machine, tag) = (await FindAsync(call), call.Part("tag"));
        var known = ServerDocument.Tags(machine);
        if (known.Contains(tag)) return Answer.NoContent;
        await WriteAsync(call, machine, [.. known, tag]);
        return new Answer(201).With("Location", $"{call.Service}/v2.1/servers/{machine.Metadata.Uid}/tags/{tag}");
    }

    private async Task<IReadOnlyList<string>> WriteAsync(Call call, VirtualMachine machine, IReadOnlyList<string> tags)
    {
        ServerControl.RefuseLocked(call, machine);
        Check(tags);
        await servers.AnnotateAsync(call, machine, notes => notes.Set(ServerNames.Tags, string.Join(',', tags.Distinct(StringComparer.Ordinal))));
        return [.. tags.Distinct(StringComparer.Ordinal)];
    }

    /// <exception cref="Fault">400: too many, too long, or with a character that separates them.</exception>
    internal static void Check(IReadOnlyList<string> tags)
    {
        if (tags.Count > Most) throw Fault.BadRequest($"The number of tags exceeded the per-server limit {Most}");
        if (tags.FirstOrDefault(static t => t.Length is 0 or > Longest || t.Contains(',') || t.Contains('/')) is { } wrong) throw Fault.BadRequest($"Invalid input for field/attribute tags. Value: {wrong}. 1 to {Longest} characters without ',' and '/' are accepted.");
    }

    private static Answer List(IReadOnlyList<string> tags) => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.Texts("tags", tags);
        json.WriteEndObject();
    });
}
