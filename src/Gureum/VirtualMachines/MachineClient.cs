using System.Text.Json.Nodes;
using Gureum.Commands;
using Gureum.Starting;

namespace Gureum.VirtualMachines;

/// <summary>Asks the API of virtual machines in one namespace.</summary>
internal sealed class MachineClient(ApiConnection api, string ns) : IDisposable
{
    private const string Plain = "plain.kubevirt.io", Table = "application/json;as=Table;v=v1;g=meta.k8s.io";

    internal string Namespace => ns;

    /// <summary>Changes what a machine shall do (start, stop, restart, migrate).</summary>
    internal Task WishAsync(string name, string wish, JsonObject? options, CancellationToken cancel) => api.SendAsync(HttpMethod.Put, $"{Subresources("virtualmachines", name)}/{wish}", options ?? [], cancel);

    /// <summary>Tells a running guest something (pause, unpause, softreboot).</summary>
    internal Task TellAsync(string name, string command, CancellationToken cancel) => api.SendAsync(HttpMethod.Put, $"{Subresources("virtualmachineinstances", name)}/{command}", new JsonObject(), cancel);

    /// <summary>Opens console, vnc or portforward/PORT/tcp of a running guest.</summary>
    internal Task<Stream> OpenAsync(string name, string what, CancellationToken cancel) => api.OpenStreamAsync($"{Subresources("virtualmachineinstances", name)}/{what}", Plain, cancel);

    internal Task<Stream> OpenPortAsync(string name, int port, CancellationToken cancel) => OpenAsync(name, $"portforward/{port}/tcp", cancel);

    /// <summary>An instance.</summary>
    internal async Task<JsonObject> GetAsync(string name, CancellationToken cancel) =>
        await api.SendAsync(HttpMethod.Get, $"/apis/kubevirt.io/v1/namespaces/{ns}/virtualmachineinstances/{Uri.EscapeDataString(name)}", null, cancel) as JsonObject ?? throw new CommandFailure($"the API server answered no object for {ns}/{name}");

    /// <summary>All instances, as the server prints them or as they are.</summary>
    internal async Task<JsonObject> ListAsync(bool everywhere, bool table, CancellationToken cancel) =>
        await api.SendAsync(HttpMethod.Get, everywhere ? "/apis/kubevirt.io/v1/virtualmachineinstances" : $"/apis/kubevirt.io/v1/namespaces/{ns}/virtualmachineinstances", null, cancel, table ? Table : "application/json") as JsonObject
            ?? throw new CommandFailure("the API server answered no list");

    internal async Task<JsonObject> VolumeAsync(string name, CancellationToken cancel) =>
        await api.SendAsync(HttpMethod.Get, Volumes + "/" + Uri.EscapeDataString(name), null, cancel) as JsonObject ?? throw new CommandFailure($"the API server answered no object for {ns}/{name}");

    internal Task CreateVolumeAsync(JsonObject volume, CancellationToken cancel) => api.SendAsync(HttpMethod.Post, Volumes, volume, cancel);

    /// <summary>Sends a disk into a claim that waits for one; returns when it is a disk there.</summary>
    internal async Task UploadAsync(string claim, Stream disk, CancellationToken cancel)
    {
        var request = new JsonObject { ["apiVersion"] = "upload.cdi.kubevirt.io/v1beta1", ["kind"] = "UploadTokenRequest", ["metadata"] = new JsonObject { ["name"] = claim }, ["spec"] = new JsonObject { ["pvcName"] = claim } };
        JsonNode? answer = await api.SendAsync(HttpMethod.Post, $"/apis/upload.cdi.kubevirt.io/v1beta1/namespaces/{Uri.EscapeDataString(ns)}/uploadtokenrequests", request, cancel);
        await api.UploadAsync("/v1beta1/upload", (string?)answer?["status"]?["token"] ?? throw new CommandFailure("the API server answered no token for the upload"), disk, cancel);
    }

    private string Volumes => $"/apis/cdi.kubevirt.io/v1beta1/namespaces/{Uri.EscapeDataString(ns)}/datavolumes";

    public void Dispose() => api.Dispose();

    private string Subresources(string plural, string name) => $"/apis/subresources.kubevirt.io/v1/namespaces/{Uri.EscapeDataString(ns)}/{plural}/{Uri.EscapeDataString(name)}";
}
