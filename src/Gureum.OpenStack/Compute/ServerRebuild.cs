using System.Security.Cryptography;
using Gureum.Objects.Cdi.V1beta1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Images;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Compute;

/// <summary>Rebuild (https://docs.openstack.org/api-ref/compute/#rebuild-server-rebuild-action): the server stays, with its addresses, and its root disk is made anew from an image.</summary>
internal sealed class ServerRebuild(Cloud cloud, ServerImages images, ServerDocument document, ServerControl control, PublishImage publish)
{
    internal IReadOnlyDictionary<string, ServerAction> Actions => new Dictionary<string, ServerAction> { ["rebuild"] = RebuildAsync };

    private async Task<Answer> RebuildAsync(Call call, VirtualMachine machine, Body body)
    {
        var asked = body.Object("rebuild");
        var state = control.Demand(call, machine, "rebuild", "active", "stopped", "error");
        var image = images.Find(call, asked);
        if (machine.Spec.DataVolumeTemplates.FirstOrDefault() is not { } old) throw Fault.BadRequest("Unable to rebuild: the server's root disk is a volume of its own, which is not replaced.");
        if (machine.Spec.Instancetype?.Name is { } type && cloud.Flavors.Get(null, type) is { } flavor) ServerImages.Fits(image, flavor);
        await publish(image, call.Cancel);
        var name = $"{machine.Metadata.Name}-root-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(3))}";
        var (shown, metadata) = (asked.Text("name"), asked.Map("metadata"));
        var made = await cloud.Machines.ChangeAsync(call.Caller.Api, machine, m =>
        {
            var notes = new Dictionary<string, string>(m.Metadata.Annotations) { [ServerNames.Image] = ImageNames.Id(image) };
            if (shown is not null) notes.Set(ServerNames.Name, shown == m.Metadata.Name ? null : shown);
            if (metadata is not null) notes.Set(ServerNames.Metadata, metadata.Count == 0 ? null : ServerCreation.Json(metadata));
            if (asked.Has("description") && call.Version >= Nova.V2_19) notes.Set(ServerNames.Description, asked.Text("description"));
            return With(m with { Metadata = m.Metadata with { Annotations = notes } }, old.Metadata.Name!, name, image);
        }, call.Cancel);
        if (state.VmState != "stopped") await ServerControl.RestartAsync(call, machine);
        // What is no part of the machine any more, and would stay its own for good.
        if (cloud.DataVolumes.Get(machine.Metadata.Namespace, old.Metadata.Name!) is { } data) await Networking.Ends.GoneAsync(cloud.DataVolumes, call.Caller.Api, data, call.Cancel);
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Object("server", _ =>
            {
                document.Write(json, call, made, isChange: true);
                if (call.Version >= Nova.V2_54 && call.Version < Nova.V2_75) json.Text("key_name", ServerDocument.Note(made, ServerNames.KeyName));
                if (call.Version >= Nova.V2_57) json.WriteNull("user_data");
                json.WriteString("adminPass", asked.Text("adminPass") ?? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6)));
            });
            json.WriteEndObject();
        }, 202).With("Location", $"{call.Service}/v2.1/servers/{machine.Metadata.Uid}");
    }

    private static VirtualMachine With(VirtualMachine machine, string old, string name, Gureum.Objects.Image.V1.Image image) => machine with
    {
        Spec = machine.Spec with
        {
            DataVolumeTemplates = [.. machine.Spec.DataVolumeTemplates.Select(t => t.Metadata.Name != old ? t : t with
            {
                Metadata = t.Metadata with { Name = name }, Spec = t.Spec with { Source = new Gureum.Objects.Cdi.V1beta1.DataVolumeSource { Registry = new DataVolumeSourceRegistry { Url = "docker://" + ImageNames.Reference(image), PullMethod = "node" } } },
            })],
            Template = machine.Spec.Template with
            {
                Spec = machine.Spec.Template.Spec with { Volumes = [.. machine.Spec.Template.Spec.Volumes.Select(v => v.DataVolume?.Name == old ? v with { DataVolume = v.DataVolume with { Name = name } } : v)] },
            },
        },
    };
}
