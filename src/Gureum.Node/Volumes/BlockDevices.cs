using System.Security.Cryptography;
using System.Text;
using Gureum.Node.Native;
using Gureum.Node.Pods;
using Gureum.Node.Runtime;
using Gureum.Objects.Core.V1;

namespace Gureum.Node.Volumes;

/// <summary>
/// Claims of mode Block as devices of containers. A file is behind one loop device, however many pods have it: two would not see each other's writes. Which pods
/// have it says a link in each pod's own directory, made before the device and removed with the pod; a device without such a link is nobody's and goes, also after
/// the agent was killed in between. Thread-safe.
/// </summary>
/// <param name="podsDirectory">Where the pods' directories are.</param>
internal sealed class BlockDevices(string podsDirectory)
{
    private const string Folder = "devices";

    private readonly Lock gate = new();

    /// <summary>Marks the devices of this node's agent among those of the machine.</summary>
    private string Owner => "gureum-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(podsDirectory)))[..16];

    /// <summary>What a container's volumeDevices become.</summary>
    /// <param name="volumes">The node's path of each of the pod's volumes.</param>
    /// <exception cref="PodNotReadyException">A volume is none of blocks, or there is no device for it.</exception>
    internal IReadOnlyList<DeviceConfig> Of(Pod pod, Container container, IReadOnlyDictionary<string, string> volumes)
    {
        foreach (var mount in container.VolumeMounts)
            if (volumes.TryGetValue(mount.Name!, out var root) && IsClaim(pod, mount.Name!) && !Directory.Exists(root)) throw new PodNotReadyException(PodEnvironment.ConfigError, $"volume {mount.Name} has volumeMode Block, but is specified in volumeMounts");
        var devices = new List<DeviceConfig>();
        foreach (var asked in container.VolumeDevices)
        {
            if (!volumes.TryGetValue(asked.Name!, out var path) || Directory.Exists(path)) throw new PodNotReadyException(PodEnvironment.ConfigError, $"volume {asked.Name} has volumeMode Filesystem, but is specified in volumeDevices");
            var readOnly = pod.Spec.Volumes.First(v => v.Name == asked.Name).PersistentVolumeClaim?.ReadOnly == true;
            devices.Add(new DeviceConfig(asked.DevicePath!, Libc.IsRegularFile(path) ? Ensure(pod.Metadata.Uid!, asked.Name!, path) : path, readOnly ? "r" : "rwm"));
        }
        return devices;
    }

    private static bool IsClaim(Pod pod, string volume) => pod.Spec.Volumes.Any(v => v.Name == volume && (v.PersistentVolumeClaim is not null || v.Ephemeral is not null));

    private string Ensure(string uid, string volume, string file)
    {
        var folder = Path.Combine(Path.Combine(podsDirectory, uid), Folder);
        var link = Path.Combine(folder, volume);
        try
        {
            lock (gate)
            {
                Directory.CreateDirectory(folder);
                if (new FileInfo(link).LinkTarget != file) { File.Delete(link); File.CreateSymbolicLink(link, file); }
                return (LoopDevice.Of(Owner).FirstOrDefault(d => d.File == file) ?? LoopDevice.Attach(file, Owner)).Path;
            }
        }
        catch (IOException e) { throw new PodNotReadyException(VolumeManager.Waiting, $"volume {volume} cannot be a block device of a container on this node: {e.Message}"); }
    }

    /// <summary>Takes a pod's links away, and the devices that no other pod has.</summary>
    internal void Release(string uid)
    {
        lock (gate)
        {
            var folder = Path.Combine(Path.Combine(podsDirectory, uid), Folder);
            if (!Directory.Exists(folder)) return;
            Directory.Delete(folder, recursive: true);
            Collect();
        }
    }

    /// <summary>Takes away the devices that no pod has.</summary>
    internal void Sweep()
    {
        lock (gate) Collect();
    }

    /// <summary>Takes away all of them: no pod of this node runs any more.</summary>
    internal void Clear()
    {
        foreach (var device in LoopDevice.Of(Owner)) device.Remove();
    }

    private void Collect()
    {
        var devices = LoopDevice.Of(Owner);
        if (devices.Count == 0) return;
        var used = Directory.Exists(podsDirectory)
            ? Directory.EnumerateDirectories(podsDirectory).Select(p => Path.Combine(p, Folder)).Where(Directory.Exists).SelectMany(Directory.EnumerateFiles).Select(l => new FileInfo(l).LinkTarget).ToHashSet() : [];
        foreach (var device in devices.Where(d => !used.Contains(d.File))) device.Remove();
    }
}
