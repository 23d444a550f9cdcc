using System.Text.Json;

namespace Gureum.Facts;

/// <summary>
/// Writes the facts of KubeVirt's API and of the Containerized Data Importer's from their published swagger.json. Both name their types
/// without a group ("v1beta1.DataVolume") and leave out which kind a type is, so the served kinds are listed here, and a type belongs to the
/// group of the kind that reaches it. Types of Kubernetes itself are those of kubernetes.facts.
/// </summary>
internal static class MachineFacts
{
    private const string All = "create,delete,deletecollection,get,list,patch,update,watch", Change = "get,patch,update";

    private sealed record Kind(string Group, string Version, string Plural, string Name, string Subresources = "", bool Namespaced = true)
    {
        internal string Path => $"{Group}/{Version}/{Name}";
        internal string Prefix => Group.Split('.')[0] + ".";
    }

    private static readonly Kind[] Kinds =
    [
        new("cdi.kubevirt.io", "v1beta1", "datavolumes", "DataVolume", "status"),
        new("instancetype.kubevirt.io", "v1beta1", "virtualmachineclusterinstancetypes", "VirtualMachineClusterInstancetype", Namespaced: false),
        new("instancetype.kubevirt.io", "v1beta1", "virtualmachineclusterpreferences", "VirtualMachineClusterPreference", Namespaced: false),
        new("instancetype.kubevirt.io", "v1beta1", "virtualmachineinstancetypes", "VirtualMachineInstancetype"),
        new("instancetype.kubevirt.io", "v1beta1", "virtualmachinepreferences", "VirtualMachinePreference"),
        new("kubevirt.io", "v1", "virtualmachineinstancemigrations", "VirtualMachineInstanceMigration", "status"),
        new("kubevirt.io", "v1", "virtualmachineinstancereplicasets", "VirtualMachineInstanceReplicaSet", "scale,status"),
        new("kubevirt.io", "v1", "virtualmachineinstances", "VirtualMachineInstance", "status"),
        new("kubevirt.io", "v1", "virtualmachines", "VirtualMachine", "status"),
        new("snapshot.kubevirt.io", "v1beta1", "virtualmachinerestores", "VirtualMachineRestore", "status"),
        new("snapshot.kubevirt.io", "v1beta1", "virtualmachinesnapshotcontents", "VirtualMachineSnapshotContent", "status"),
        new("snapshot.kubevirt.io", "v1beta1", "virtualmachinesnapshots", "VirtualMachineSnapshot", "status"),
    ];

    // Bodies of subresources.kubevirt.io, which no kind reaches.
    private static readonly string[] Bodies =
    [
        "v1.AddVolumeOptions", "v1.FreezeUnfreezeTimeout", "v1.MigrateOptions", "v1.PauseOptions", "v1.RemoveVolumeOptions", "v1.RestartOptions", "v1.StartOptions", "v1.StopOptions",
        "v1.UnpauseOptions", "v1.VirtualMachineInstanceFileSystemList", "v1.VirtualMachineInstanceGuestAgentInfo", "v1.VirtualMachineInstanceGuestOSUserList",
    ];

    internal static void Write(JsonElement machines, JsonElement importer, HashSet<string> known, TextWriter writer)
    {
        writer.WriteLine("# Facts of KubeVirt's API, written by tools/Gureum.Facts. Do not edit: see docs/contributing/adding-a-kind.md.");
        foreach (var kind in Kinds)
        {
            var type = $"{kind.Prefix}{kind.Version}.{kind.Name}";
            writer.WriteLine($"resource {kind.Group}/{kind.Version} {kind.Plural} {kind.Path} {type} {(kind.Namespaced ? "namespaced" : "cluster")} {All}");
            foreach (var sub in kind.Subresources.Split(',', StringSplitOptions.RemoveEmptyEntries))
                writer.WriteLine(sub == "scale" ? $"  sub scale autoscaling/v1/Scale autoscaling.v1.Scale {Change}" : $"  sub {sub} {kind.Path} {type} {Change}");
        }
        var found = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var definitions = new Definitions(machines, importer, known);
        foreach (var kind in Kinds)
            foreach (var form in (ReadOnlySpan<string>)["", "List"]) Collect(definitions, kind.Prefix, $"{kind.Version}.{kind.Name}{form}", found, kind.Path + form);
        foreach (var body in Bodies) Collect(definitions, "kubevirt.", body, found, null);
        foreach (var text in found.Values) writer.Write(text);
    }

    private static void Collect(Definitions definitions, string prefix, string name, SortedDictionary<string, string> found, string? kind)
    {
        var (full, schema) = definitions.Find(prefix, name);
        if (found.ContainsKey(full)) return;
        found[full] = "";
        var text = new StringWriter { NewLine = "\n" };
        text.WriteLine("type " + full + (kind is null ? "" : " kind=" + kind));
        var reached = new List<string>();
        TypeFacts.WriteFields(schema, kind is not null, d =>
        {
            var (text_, own) = definitions.Name(prefix, d);
            if (own) reached.Add(d);
            return text_;
        }, text);
        found[full] = text.ToString();
        foreach (var next in reached) Collect(definitions, full.StartsWith("cdi.", StringComparison.Ordinal) ? "cdi." : prefix, next, found, null);
    }

    /// <summary>Where a type that a definition names is described, and what it is called in the facts.</summary>
    private sealed class Definitions(JsonElement machines, JsonElement importer, HashSet<string> known)
    {
        internal (string Name, JsonElement Schema) Find(string prefix, string name)
        {
            var mine = Group(prefix, name) + name;
            return (mine, (mine.StartsWith("cdi.", StringComparison.Ordinal) ? importer : machines).GetProperty(name));
        }

        /// <summary>The short name, and whether the type has to be written here.</summary>
        internal (string Name, bool Own) Name(string prefix, string definition)
        {
            var plain = definition.Replace("k8s.io.api.", "io.k8s.api.").Replace("k8s.io.apimachinery.", "io.k8s.apimachinery.");
            if (plain.StartsWith("io.k8s.", StringComparison.Ordinal)) return (TypeFacts.Named(plain), false);
            if (plain is "resource.Quantity") return ("quantity", false);
            if (plain is "runtime.RawExtension") return ("raw", false);
            if (prefix == "cdi." && plain.StartsWith("v1.", StringComparison.Ordinal))
                return (plain is "v1.Time" ? "time" : plain is "v1.Duration" ? "string" : known.Contains("core." + plain) ? "core." + plain : known.Contains("meta." + plain) ? "meta." + plain
                    : throw new InvalidDataException($"{plain} is no type of kubernetes.facts"), false);
            return (Group(prefix, plain) + plain, true);
        }

        private string Group(string prefix, string name) =>
            name.StartsWith("v1.", StringComparison.Ordinal) ? "kubevirt."
            : prefix == "kubevirt." || importer.TryGetProperty(name, out _) && !machines.TryGetProperty(name, out _) ? importer.TryGetProperty(name, out _) ? "cdi." : "snapshot."
            : prefix == "cdi." || importer.TryGetProperty(name, out _) ? "cdi." : prefix;
    }
}
