using System.Globalization;
using System.Text.Json;
using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Objects.Apps.V1;
using Gureum.Objects.Instancetype.V1beta1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;

namespace Gureum.Controllers.VirtualMachines;

/// <summary>
/// What a machine keeps as ControllerRevisions of its own: the spec that its instance was started from, and the instancetype and the preference as they were when
/// it took them, so that neither changes under it.
/// </summary>
internal sealed class MachineRevisions(ApiClient client, Informer<ControllerRevision> revisions)
{
    private const string Label = "instancetype.kubevirt.io/";

    /// <summary>The name of the revision that has the machine's spec as it is now.</summary>
    internal static string StartName(VirtualMachine machine) => $"revision-start-vm-{machine.Uid()}-{(machine.Metadata.Generation ?? 0).ToString(CultureInfo.InvariantCulture)}";

    /// <summary>Keeps the spec that an instance is about to be started from, and no older one.</summary>
    internal async Task<string> StartAsync(VirtualMachine machine, CancellationToken cancel)
    {
        var name = StartName(machine);
        await CreateAsync(machine, name, machine with { Metadata = new ObjectMeta(), Status = new VirtualMachineStatus() }, new Dictionary<string, string>(), cancel);
        foreach (var older in revisions.ByIndex(Owners.ByController, machine.Uid()).Where(r => r.Name().StartsWith("revision-start-vm-", StringComparison.Ordinal) && r.Name() != name).ToList())
        {
            try { await client.DeleteAsync<ControllerRevision>(older.Ns(), older.Name(), cancel: cancel); }
            catch (ApiException e) when (e.IsNotFound) { /* gone already */ }
        }
        return name;
    }

    /// <summary>The spec that an instance was started from; null when that is not known.</summary>
    internal VirtualMachineSpec? StartedFrom(VirtualMachineInstance instance) =>
        instance.Status.VirtualMachineRevisionName is { Length: > 0 } name && revisions.Get(instance.Ns(), name) is { Data: { ValueKind: JsonValueKind.Object } data } ? ModelJson.Parse<VirtualMachine>(data.GetRawText()).Spec : null;

    /// <summary>The machine's instancetype as the machine has it, and where it is kept.</summary>
    /// <exception cref="ApiException">It is not there, or what is kept under its revision's name cannot be had.</exception>
    internal Task<(VirtualMachineInstancetypeSpec Spec, InstancetypeStatusRef Kept)> InstancetypeAsync(VirtualMachine machine, InstancetypeMatcher matcher, CancellationToken cancel) =>
        IsKind(matcher.Kind, VirtualMachineInstancetype.Resource.Kind)
            ? KeepAsync<VirtualMachineInstancetype, VirtualMachineInstancetypeSpec>(machine, machine.Ns(), (matcher.Name, matcher.Kind, matcher.RevisionName), machine.Status.InstancetypeRef, static t => t.Spec, cancel)
            : KeepAsync<VirtualMachineClusterInstancetype, VirtualMachineInstancetypeSpec>(machine, null, (matcher.Name, matcher.Kind, matcher.RevisionName), machine.Status.InstancetypeRef, static t => t.Spec, cancel);

    /// <summary>The same of its preference.</summary>
    internal Task<(VirtualMachinePreferenceSpec Spec, InstancetypeStatusRef Kept)> PreferenceAsync(VirtualMachine machine, PreferenceMatcher matcher, CancellationToken cancel) =>
        IsKind(matcher.Kind, VirtualMachinePreference.Resource.Kind)
            ? KeepAsync<VirtualMachinePreference, VirtualMachinePreferenceSpec>(machine, machine.Ns(), (matcher.Name, matcher.Kind, matcher.RevisionName), machine.Status.PreferenceRef, static t => t.Spec, cancel)
            : KeepAsync<VirtualMachineClusterPreference, VirtualMachinePreferenceSpec>(machine, null, (matcher.Name, matcher.Kind, matcher.RevisionName), machine.Status.PreferenceRef, static t => t.Spec, cancel);

    private static bool IsKind(string? given, string kind) => string.Equals(given, kind, StringComparison.OrdinalIgnoreCase) || string.Equals(given, kind + "s", StringComparison.OrdinalIgnoreCase);

    private async Task<(TSpec Spec, InstancetypeStatusRef Kept)> KeepAsync<T, TSpec>(VirtualMachine machine, string? ns, (string? Name, string? Kind, string? Revision) matcher, InstancetypeStatusRef? known, Func<T, TSpec> spec, CancellationToken cancel)
        where T : class, IKubeObject<T>
    {
        var kind = matcher.Kind is { Length: > 0 } given ? given : T.Resource.Kind;
        var name = matcher.Revision is { Length: > 0 } asked ? asked
            : known is not null && known.Name == matcher.Name && known.Kind == kind ? known.ControllerRevisionRef?.Name : null;
        var kept = new InstancetypeStatusRef { Name = matcher.Name, Kind = kind };
        if (name is not null)
        {
            var revision = revisions.Get(machine.Ns(), name) ?? await client.GetAsync<ControllerRevision>(machine.Ns(), name, cancel);
            if (revision.Data is not { ValueKind: JsonValueKind.Object } data) throw new InvalidDataException($"the ControllerRevision {name} holds no {T.Resource.Kind}");
            return (spec(ModelJson.Parse<T>(data.GetRawText())), kept with { ControllerRevisionRef = new ControllerRevisionRef { Name = name } });
        }
        var current = await client.GetAsync<T>(ns, matcher.Name!, cancel);
        var generation = (current.Metadata.Generation ?? 0).ToString(CultureInfo.InvariantCulture);
        name = $"{machine.Name()}-{matcher.Name}-v1beta1-{current.Metadata.Uid}-{generation}";
        await CreateAsync(machine, name, current, new Dictionary<string, string>
        {
            [Label + "object-generation"] = generation, [Label + "object-kind"] = T.Resource.Kind, [Label + "object-name"] = matcher.Name!, [Label + "object-uid"] = current.Metadata.Uid!, [Label + "object-version"] = "v1beta1",
        }, cancel);
        return (spec(current), kept with { ControllerRevisionRef = new ControllerRevisionRef { Name = name } });
    }

    private async Task CreateAsync(VirtualMachine machine, string name, IModel value, IReadOnlyDictionary<string, string> labels, CancellationToken cancel)
    {
        if (revisions.Get(machine.Ns(), name) is not null) return;
        var reader = new Utf8JsonReader(ModelJson.Encode(value), new JsonReaderOptions { MaxDepth = 128 });
        try
        {
            await client.CreateAsync(new ControllerRevision
            {
                Metadata = new ObjectMeta { Name = name, Namespace = machine.Ns(), Labels = labels, OwnerReferences = [Owners.ReferenceTo(machine)] }, Data = JsonElement.ParseValue(ref reader), Revision = 0,
            }, cancel);
        }
        catch (ApiException e) when (e.IsAlreadyExists) { /* the same: its name has the uid and the generation */ }
    }
}
