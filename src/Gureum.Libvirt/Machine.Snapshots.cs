using System.Runtime.InteropServices;
using System.Xml.Linq;
using Gureum.Libvirt.Native;

namespace Gureum.Libvirt;

/// <summary>A snapshot that libvirt keeps in mind. Immutable.</summary>
/// <param name="Name">Its name, one of a kind for the machine.</param>
/// <param name="Parent">The snapshot that it builds upon, if any.</param>
/// <param name="State">What the machine did: running, paused, shutoff, disk-snapshot.</param>
/// <param name="Created">When.</param>
/// <param name="Xml">All that libvirt says about it.</param>
public sealed record MachineSnapshot(string Name, string? Parent, string State, DateTimeOffset Created, string Xml)
{
    internal static MachineSnapshot Parse(string xml)
    {
        XElement root = XElement.Parse(xml);
        return new MachineSnapshot(
            (string?)root.Element("name") ?? "", (string?)root.Element("parent")?.Element("name"), (string?)root.Element("state") ?? "",
            DateTimeOffset.FromUnixTimeSeconds((long?)root.Element("creationTime") ?? 0), xml);
    }
}

/// <content>Snapshots.</content>
public sealed unsafe partial class Machine
{
    /// <summary>Makes a snapshot. Long ones (with memory) keep a thread of their own.</summary>
    /// <param name="xml">A <c>&lt;domainsnapshot&gt;</c> element.</param>
    /// <param name="options">How.</param>
    /// <param name="cancel">Stops waiting.</param>
    public Task<MachineSnapshot> CreateSnapshotAsync(string xml, SnapshotOptions options = SnapshotOptions.None, CancellationToken cancel = default) => BlockingCalls.RunLongAsync(
        () =>
        {
            using SnapshotHandle snapshot = LibvirtException.Check(Virt.virDomainSnapshotCreateXML(_handle, xml, (uint)options), Doing("making a snapshot of"));
            return options.HasFlag(SnapshotOptions.NoMetadata) ? MachineSnapshot.Parse(xml) : Describe(snapshot);
        },
        cancel);

    /// <summary>All snapshots, parents before children.</summary>
    public Task<IReadOnlyList<MachineSnapshot>> ListSnapshotsAsync(CancellationToken cancel = default) => RunAsync<IReadOnlyList<MachineSnapshot>>(ListSnapshots, cancel);

    /// <summary>Goes back to a snapshot. What happened since is lost.</summary>
    public Task RevertToSnapshotAsync(string name, RevertOptions options = RevertOptions.None, CancellationToken cancel = default) => BlockingCalls.RunLongAsync(
        () =>
        {
            using SnapshotHandle snapshot = FindSnapshot(name);
            return LibvirtException.Check(Virt.virDomainRevertToSnapshot(snapshot, (uint)options), Doing($"going back to snapshot {name} of"));
        },
        cancel);

    /// <summary>Deletes a snapshot.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="metadataOnly">True: libvirt forgets it and touches no disk.</param>
    /// <param name="cancel">Stops waiting.</param>
    public Task DeleteSnapshotAsync(string name, bool metadataOnly = false, CancellationToken cancel = default) => BlockingCalls.RunLongAsync(
        () =>
        {
            using SnapshotHandle snapshot = FindSnapshot(name);
            return LibvirtException.Check(Virt.virDomainSnapshotDelete(snapshot, metadataOnly ? 2u : 0), Doing($"deleting snapshot {name} of"));
        },
        cancel);

    private SnapshotHandle FindSnapshot(string name) =>
        LibvirtException.Check(Virt.virDomainSnapshotLookupByName(_handle, name, 0), Doing($"looking for snapshot {name} of"));

    private List<MachineSnapshot> ListSnapshots()
    {
        const uint ParentsFirst = 1 << 10;
        int count = LibvirtException.Check(Virt.virDomainListAllSnapshots(_handle, out IntPtr* found, ParentsFirst), Doing("listing the snapshots of"));
        var handles = new List<SnapshotHandle>(count);
        for (int i = 0; i < count; i++) handles.Add(new SnapshotHandle(found[i]));
        NativeMemory.Free(found);
        try
        {
            return [.. handles.Select(Describe)];
        }
        finally
        {
            foreach (SnapshotHandle handle in handles) handle.Dispose();
        }
    }

    private MachineSnapshot Describe(SnapshotHandle snapshot) =>
        MachineSnapshot.Parse(NativeText.Take(Virt.virDomainSnapshotGetXMLDesc(snapshot, 0), Doing("describing a snapshot of")));
}
