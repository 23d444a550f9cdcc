using Gureum.ApiServer.Uploads;

namespace Gureum.ApiServer.Discovery;

/// <summary>Something that can be asked, and is kept nowhere (immutable).</summary>
/// <param name="Name">As "virtualmachines/start".</param>
internal sealed record AnsweredResource(string Name, string Kind, IReadOnlyList<string> Verbs, bool Namespaced = true, string Singular = "");

/// <summary>A version of a group that holds no objects (immutable).</summary>
internal sealed record AnsweredGroup(string Group, string Version, IReadOnlyList<AnsweredResource> Resources);

/// <summary>Groups whose requests are answered and never stored: what is asked of machines, and tokens for uploads. Clients find them by discovery as all others.</summary>
internal static class AnsweredGroups
{
    private const string Machines = "virtualmachines/", Instances = "virtualmachineinstances/";
    private static readonly string[] Get = ["get"], Update = ["update"];

    private static readonly AnsweredResource[] OfMachines =
    [
        .. ((string[])["addvolume", "migrate", "removevolume", "restart", "start", "stop"]).Select(n => new AnsweredResource(Machines + n, "", Update)),
        new AnsweredResource(Machines + "portforward", "", Get),
        .. ((string[])["addvolume", "freeze", "pause", "removevolume", "reset", "softreboot", "unfreeze", "unpause"]).Select(n => new AnsweredResource(Instances + n, "", Update)),
        .. ((string[])["console", "filesystemlist", "guestosinfo", "portforward", "userlist", "vnc"]).Select(n => new AnsweredResource(Instances + n, "", Get)),
    ];

    internal static IReadOnlyList<AnsweredGroup> All { get; } =
    [
        new AnsweredGroup("subresources.kubevirt.io", "v1", OfMachines), new AnsweredGroup("subresources.kubevirt.io", "v1alpha3", OfMachines),
        new AnsweredGroup(UploadRequests.Group, "v1beta1", [new AnsweredResource(UploadRequests.Plural, UploadRequests.Kind, ["create"], Singular: "uploadtokenrequest")]),
    ];

    internal static AnsweredGroup? Find(string apiVersion) => All.FirstOrDefault(g => $"{g.Group}/{g.Version}" == apiVersion);
}
