using System.Collections.Concurrent;
using System.Text;
using Gureum.Client;
using Gureum.Node.Native;
using Gureum.Node.Pods;
using Gureum.Node.Pulling;
using Gureum.Node.Runtime;
using Gureum.Objects;
using Gureum.Objects.Authentication.V1;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;

namespace Gureum.Node.Volumes;

/// <summary>
/// Makes the volumes of pods on this node and keeps what comes from the API fresh. Paths are PODS/UID/volumes/NAME, or a
/// path of the node. Thread-safe for different pods.
/// </summary>
internal sealed class VolumeManager(ApiClient client, ImagePuller puller, IImageFiles images, PodSettings settings, TimeProvider time)
{
    internal const string Waiting = "ContainerCreating";

    /// <summary>Claims of mode Block, for containers.</summary>
    internal BlockDevices Blocks { get; } = new(settings.PodsDirectory);

    private readonly ConcurrentDictionary<string, (string Token, DateTimeOffset Renew)> tokens = new(StringComparer.Ordinal);

    /// <summary>The host path of each volume of the pod, made or refreshed: a directory, but for claims of mode Block a plain file or a block device.</summary>
    /// <exception cref="PodNotReadyException">Something that a volume needs is not there yet.</exception>
    internal async Task<IReadOnlyDictionary<string, string>> EnsureAsync(Pod pod, CancellationToken cancel)
    {
        var paths = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var volume in pod.Spec.Volumes) paths[volume.Name!] = await EnsureAsync(pod, volume, cancel);
        return paths;
    }

    private async Task<string> EnsureAsync(Pod pod, Volume volume, CancellationToken cancel)
    {
        var path = Path.Combine(ContainerSpecs.PodDirectory(settings, pod.Metadata.Uid!), "volumes", volume.Name!);
        var group = (int?)pod.Spec.SecurityContext?.FsGroup;
        if (volume.EmptyDir is { } empty) { EmptyDirectory(path, empty, group); return path; }
        if (volume.Image is { } image) return await ImageAsync(pod, volume.Name!, image, cancel);
        if (volume.HostPath is { } host) return HostPath.Check(host);
        if (volume.ConfigMap is { } map) AtomicDirectory.Write(path, await ConfigMapFilesAsync(pod, map.Name, map.Optional, map.Items, map.DefaultMode ?? 420, cancel), group);
        else if (volume.Secret is { } secret) AtomicDirectory.Write(path, await SecretFilesAsync(pod, secret.SecretName, secret.Optional, secret.Items, secret.DefaultMode ?? 420, cancel), group);
        else if (volume.DownwardAPI is { } downward) AtomicDirectory.Write(path, [.. downward.Items.Select(i => Downward(pod, i, downward.DefaultMode ?? 420))], group);
        else if (volume.Projected is { } projected) AtomicDirectory.Write(path, await ProjectedFilesAsync(pod, projected, cancel), group);
        else if (volume.PersistentVolumeClaim is { } claim) return await ClaimAsync(pod, claim.ClaimName!, group, cancel);
        else if (volume.Ephemeral is not null) return await ClaimAsync(pod, pod.Metadata.Name + "-" + volume.Name, group, cancel);
        else throw new PodNotReadyException(Waiting, $"volume \"{volume.Name}\" is of a type that this node does not support; use emptyDir, hostPath, configMap, secret, projected, downwardAPI, image or persistentVolumeClaim");
        return path;
    }

    // What the image held when the pod began is what it sees to its end.
    private async Task<string> ImageAsync(Pod pod, string name, ImageVolumeSource source, CancellationToken cancel)
    {
        var path = Path.Combine(ImagesOf(pod.Metadata.Uid!), name);
        if (Mounts.IsMounted(path)) return path;
        var id = await puller.EnsureAsync(pod, source.Reference ?? "", source.PullPolicy ?? "IfNotPresent", $"spec.volumes{{{name}}}", cancel);
        await images.MountAsync(id, ImageKey(pod.Metadata.Uid!, name), path, cancel);
        return path;
    }

    private string ImagesOf(string uid) => Path.Combine(ContainerSpecs.PodDirectory(settings, uid), "images");

    private static string ImageKey(string uid, string name) => $"gureum-volume/{uid}/{name}";

    private static void EmptyDirectory(string path, EmptyDirVolumeSource source, int? group)
    {
        if (Directory.Exists(path)) return;
        Directory.CreateDirectory(path);
        if (source.Medium is { } medium && medium.StartsWith("Memory", StringComparison.Ordinal)) Mounts.Tmpfs(path, source.SizeLimit?.Whole);
        File.SetUnixFileMode(path, (UnixFileMode)0b111_111_111);
        if (group is { } id) Ownership.GiveTree(path, id);
    }

    private async Task<IReadOnlyList<VolumeFile>> ConfigMapFilesAsync(Pod pod, string? name, bool? optional, IReadOnlyList<KeyToPath> items, int mode, CancellationToken cancel)
    {
        var map = await client.FindAsync<ConfigMap>(pod.Metadata.Namespace, name ?? "", cancel);
        if (map is null) return optional == true ? [] : throw new PodNotReadyException(Waiting, $"configmap \"{name}\" not found");
        var data = map.Data.ToDictionary(p => p.Key, p => Encoding.UTF8.GetBytes(p.Value));
        foreach (var (key, value) in map.BinaryData) data[key] = value;
        return Files(data, items, mode, optional, $"configmap {name}");
    }

    private async Task<IReadOnlyList<VolumeFile>> SecretFilesAsync(Pod pod, string? name, bool? optional, IReadOnlyList<KeyToPath> items, int mode, CancellationToken cancel)
    {
        var secret = await client.FindAsync<Secret>(pod.Metadata.Namespace, name ?? "", cancel);
        if (secret is null) return optional == true ? [] : throw new PodNotReadyException(Waiting, $"secret \"{name}\" not found");
        return Files(secret.Data, items, mode, optional, $"secret {name}");
    }

    private static IReadOnlyList<VolumeFile> Files(IReadOnlyDictionary<string, byte[]> data, IReadOnlyList<KeyToPath> items, int mode, bool? optional, string what)
    {
        if (items.Count == 0) return [.. data.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => new VolumeFile(p.Key, p.Value, (UnixFileMode)mode))];
        var files = new List<VolumeFile>();
        foreach (var item in items)
        {
            if (data.TryGetValue(item.Key!, out var content)) files.Add(new VolumeFile(Safe(item.Path!), content, (UnixFileMode)(item.Mode ?? mode)));
            else if (optional != true) throw new PodNotReadyException(Waiting, $"{what} references non-existent key: {item.Key}");
        }
        return files;
    }

    private async Task<IReadOnlyList<VolumeFile>> ProjectedFilesAsync(Pod pod, ProjectedVolumeSource projected, CancellationToken cancel)
    {
        var mode = projected.DefaultMode ?? 420;
        var files = new List<VolumeFile>();
        foreach (var source in projected.Sources)
        {
            if (source.ConfigMap is { } map) files.AddRange(await ConfigMapFilesAsync(pod, map.Name, map.Optional, map.Items, mode, cancel));
            if (source.Secret is { } secret) files.AddRange(await SecretFilesAsync(pod, secret.Name, secret.Optional, secret.Items, mode, cancel));
            if (source.DownwardAPI is { } downward) files.AddRange(downward.Items.Select(i => Downward(pod, i, mode)));
            if (source.ServiceAccountToken is { } token) files.Add(new VolumeFile(Safe(token.Path!), Encoding.UTF8.GetBytes(await TokenAsync(pod, token, cancel)), (UnixFileMode)(pod.Spec.SecurityContext?.FsGroup is null ? mode : mode | 0b100_000)));
        }
        return files;
    }

    private VolumeFile Downward(Pod pod, DownwardAPIVolumeFile item, int mode)
    {
        var text = item.FieldRef?.FieldPath is { } field ? PodEnvironment.Field(pod, field, pod.Status.PodIP ?? "", settings.NodeAddress)
            : PodEnvironment.Resource(pod, pod.Spec.Containers[0], item.ResourceFieldRef!);
        return new VolumeFile(Safe(item.Path!), Encoding.UTF8.GetBytes(text), (UnixFileMode)(item.Mode ?? mode));
    }

    // A token is asked for again when a fifth of its life is left.
    private async Task<string> TokenAsync(Pod pod, ServiceAccountTokenProjection projection, CancellationToken cancel)
    {
        var key = $"{pod.Metadata.Uid}/{projection.Audience}/{projection.Path}";
        if (tokens.TryGetValue(key, out var known) && known.Renew > time.GetUtcNow()) return known.Token;
        var seconds = projection.ExpirationSeconds ?? 3600;
        var answer = await client.CreateAsync<ServiceAccount, TokenRequest>(pod.Metadata.Namespace!, pod.Spec.ServiceAccountName ?? "default", "token", new TokenRequest
        {
            Spec = new TokenRequestSpec
            {
                Audiences = projection.Audience is { Length: > 0 } audience ? [audience] : [], ExpirationSeconds = Math.Max(600, seconds),
                BoundObjectRef = new BoundObjectReference { Kind = "Pod", ApiVersion = "v1", Name = pod.Metadata.Name, Uid = pod.Metadata.Uid },
            },
        }, cancel);
        tokens[key] = (answer.Status.Token!, time.GetUtcNow() + TimeSpan.FromSeconds(seconds * 0.8));
        return answer.Status.Token!;
    }

    private async Task<string> ClaimAsync(Pod pod, string name, int? group, CancellationToken cancel)
    {
        var claim = await client.FindAsync<PersistentVolumeClaim>(pod.Metadata.Namespace, name, cancel) ?? throw new PodNotReadyException(Waiting, $"persistentvolumeclaim \"{name}\" not found");
        Imports.ClaimFilling.Check(pod, claim);
        if (claim.Status.Phase != "Bound" || claim.Spec.VolumeName is not { Length: > 0 } bound) throw new PodNotReadyException(Waiting, $"persistentvolumeclaim \"{name}\" is not bound yet");
        var volume = await client.FindAsync<PersistentVolume>(null, bound, cancel) ?? throw new PodNotReadyException(Waiting, $"persistentvolume \"{bound}\" of claim \"{name}\" not found");
        var path = volume.Spec.Local?.Path ?? volume.Spec.HostPath?.Path
            ?? throw new PodNotReadyException(Waiting, $"persistentvolume \"{bound}\" is of a type that this node does not support; use the class local, or a local or hostPath volume");
        if (volume.Metadata.Annotations.GetValueOrDefault("pv.kubernetes.io/provisioned-by") == "gureum.io/local" && !Directory.Exists(path))
        {
            Directory.CreateDirectory(path);
            File.SetUnixFileMode(path, (UnixFileMode)0b111_111_111);
        }
        if (claim.Spec.VolumeMode == "Block") return Block(path, bound, (volume.Spec.Capacity.TryGetValue("storage", out var size) ? size : default).Whole);
        if (!Directory.Exists(path)) throw new PodNotReadyException(Waiting, $"the directory {path} of persistentvolume \"{bound}\" does not exist on this node");
        if (group is { } id) Ownership.GiveTree(path, id);
        return path;
    }

    // Blocks are a file in the volume's directory, the same that a guest has as its disk in a claim of files; or a device, which its volume names.
    private static string Block(string path, string bound, long size)
    {
        if (!Directory.Exists(path)) return File.Exists(path) ? path : throw new PodNotReadyException(Waiting, $"the block device {path} of persistentvolume \"{bound}\" does not exist on this node");
        var file = Path.Combine(path, Imports.ClaimFolder.DiskFile);
        if (Libc.IsRegularFile(file)) return file;
        if (Path.Exists(file) || new FileInfo(file).LinkTarget is not null) throw new PodNotReadyException(Waiting, $"{file} of persistentvolume \"{bound}\" is no plain file");
        using var made = new FileStream(file, FileMode.CreateNew, FileAccess.Write);
        made.SetLength(Math.Max(512, size / 512 * 512));
        return file;
    }

    /// <summary>Takes away the mounts and files of a pod's volumes; volumes of claims stay.</summary>
    internal async Task RemoveAsync(string uid, CancellationToken cancel)
    {
        foreach (var key in tokens.Keys.Where(k => k.StartsWith(uid, StringComparison.Ordinal))) tokens.TryRemove(key, out _);
        var directory = ContainerSpecs.PodDirectory(settings, uid);
        if (!Directory.Exists(directory)) return;
        if (Directory.Exists(ImagesOf(uid)))
            foreach (var path in Directory.EnumerateDirectories(ImagesOf(uid))) await images.UnmountAsync(ImageKey(uid, Path.GetFileName(path)), path, cancel);
        Mounts.UnmountBelow(directory);
        Blocks.Release(uid);
        Directory.Delete(directory, recursive: true);
    }

    private static string Safe(string path) => path.StartsWith('/') || path.Split('/').Contains("..") ? throw new PodNotReadyException(Waiting, $"the path \"{path}\" of a volume's file must be relative, without ..") : path;
}

/// <summary>Paths of the node, checked as their type asks.</summary>
internal static class HostPath
{
    internal static string Check(HostPathVolumeSource source)
    {
        var path = source.Path!;
        switch (source.Type)
        {
            case "DirectoryOrCreate": if (!Directory.Exists(path)) Directory.CreateDirectory(path); break;
            case "FileOrCreate": if (!File.Exists(path)) File.Create(path).Dispose(); break;
            case "Directory" when !Directory.Exists(path): throw Wrong("is not a directory");
            case "File" when !File.Exists(path): throw Wrong("is not a file");
            case "Socket" or "CharDevice" or "BlockDevice" when !File.Exists(path): throw Wrong($"is not a {source.Type}");
            case null or "": if (!Path.Exists(path)) Directory.CreateDirectory(path); break;
            default: break;
        }
        return path;

        PodNotReadyException Wrong(string why) => new(VolumeManager.Waiting, $"hostPath type check failed: {path} {why}");
    }
}
