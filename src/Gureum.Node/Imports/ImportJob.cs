using Gureum.Objects.Core.V1;
using Gureum.Objects.Machines;

namespace Gureum.Node.Imports;

/// <summary>What a pod that fills claims is to do, as its container's variables say. Immutable.</summary>
/// <param name="Source">One of <see cref="ImportNames.Blank"/>, Http, Registry, Clone, Upload.</param>
/// <param name="Endpoint">A URL, or the name of an image.</param>
/// <param name="Checksum">"sha256:HEX", of the bytes as they come; null for none.</param>
/// <param name="Insecure">Whether a server's certificate is trusted whoever signed it.</param>
/// <param name="Quiesce">The machine, of the pod's namespace, that must stand still while its disks are copied; null for none.</param>
/// <param name="Targets">The pod's volumes that are filled.</param>
internal sealed record ImportJob(string Source, string? Endpoint, string? Checksum, bool Insecure, string? Quiesce, IReadOnlyList<string> Targets)
{
    /// <exception cref="ImportRefusedException">The pod says nothing that can be done.</exception>
    internal static ImportJob Of(Pod pod)
    {
        var variables = pod.Spec.Containers[0].Env.Where(e => e is { Name: not null, Value.Length: > 0 }).ToDictionary(e => e.Name!, e => e.Value);
        var source = variables.GetValueOrDefault(ImportNames.SourceVariable);
        var targets = pod.Spec.Volumes.Where(v => v.PersistentVolumeClaim is not null && v.Name!.StartsWith(ImportNames.Data, StringComparison.Ordinal)).Select(v => v.Name!).ToList();
        if (source is not (ImportNames.Blank or ImportNames.Http or ImportNames.Registry or ImportNames.Clone or ImportNames.Upload)) throw new ImportRefusedException($"{ImportNames.SourceVariable} is \"{source}\"; accepted are {ImportNames.Blank}, {ImportNames.Http}, {ImportNames.Registry}, {ImportNames.Clone} and {ImportNames.Upload}");
        if (targets.Count == 0) throw new ImportRefusedException($"the pod has no claim as volume \"{ImportNames.Data}\" to fill");
        if (source is ImportNames.Registry or ImportNames.Clone)
            foreach (var target in targets)
                if (pod.Spec.Volumes.All(v => v.Name != SourceOf(target))) throw new ImportRefusedException($"the pod has no volume \"{SourceOf(target)}\" to fill \"{target}\" from");
        return new ImportJob(source, variables.GetValueOrDefault(ImportNames.EndpointVariable), variables.GetValueOrDefault(ImportNames.ChecksumVariable), variables.GetValueOrDefault(ImportNames.InsecureVariable) == "true", variables.GetValueOrDefault(ImportNames.QuiesceVariable), targets);
    }

    internal static string SourceOf(string target) => ImportNames.Source + target[ImportNames.Data.Length..];
}

/// <summary>Nothing will ever come of this import: trying again would end the same. The message names what was refused and what would be accepted.</summary>
internal sealed class ImportRefusedException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>This import came to nothing just now; the next try may do better.</summary>
internal sealed class ImportFailedException(string message, Exception? inner = null) : Exception(message, inner);
