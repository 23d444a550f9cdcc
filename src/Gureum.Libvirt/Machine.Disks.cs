using Gureum.Libvirt.Events;
using Gureum.Libvirt.Native;

namespace Gureum.Libvirt;

/// <content>Disks. A disk is named by its target (<c>vda</c>) or its source.</content>
public sealed unsafe partial class Machine
{
    /// <summary>Grows (or shrinks) a disk; the guest sees it at once.</summary>
    public Task ResizeBlockAsync(string disk, ulong bytes, CancellationToken cancel = default) =>
        CallAsync($"resizing disk {disk} to {bytes} bytes of", () => Virt.virDomainBlockResize(_handle, disk, bytes, 1), cancel);

    /// <summary>A disk's sizes.</summary>
    public Task<BlockSize> GetBlockSizeAsync(string disk, CancellationToken cancel = default) => RunAsync(
        () =>
        {
            LibvirtException.Check(Virt.virDomainGetBlockInfo(_handle, disk, out Virt.BlockInfo info, 0), Doing($"looking at disk {disk} of"));
            return new BlockSize(info.Capacity, info.Allocation, info.Physical);
        },
        cancel);

    /// <summary>Begins to mirror a disk to another place. Once <see cref="BlockJobStatus.Ready"/> is told, end it by <see cref="EndBlockJobAsync"/>.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="destinationXml">A <c>&lt;disk&gt;</c> element with the new source and its driver's format.</param>
    /// <param name="options">How.</param>
    /// <param name="bytesPerSecond">Limit; null: none.</param>
    /// <param name="cancel">Stops waiting.</param>
    public Task CopyBlockAsync(string disk, string destinationXml, BlockCopyOptions options = BlockCopyOptions.None, ulong? bytesPerSecond = null, CancellationToken cancel = default) => CallAsync(
        $"copying disk {disk} of",
        () =>
        {
            using var parameters = new ParameterList();
            parameters.Add("bandwidth", bytesPerSecond);
            return Virt.virDomainBlockCopy(_handle, disk, destinationXml, parameters.Pointer, parameters.Count, (uint)options);
        },
        cancel);

    /// <summary>Begins to write overlays into a base.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="base">
    /// The file that takes the content, as a path or as libvirt's <c>vda[N]</c>. It must be named: libvirt's default is the
    /// undermost file, which may be an image that many machines share.
    /// </param>
    /// <param name="top">The topmost file to write; null: the active one, which needs <see cref="BlockCommitOptions.Active"/>.</param>
    /// <param name="options">How.</param>
    /// <param name="cancel">Stops waiting.</param>
    public Task CommitBlockAsync(string disk, string @base, string? top = null, BlockCommitOptions options = BlockCommitOptions.None, CancellationToken cancel = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(@base);
        return CallAsync($"committing disk {disk} into {@base} of", () => Virt.virDomainBlockCommit(_handle, disk, @base, top, 0, (uint)options), cancel);
    }

    /// <summary>Ends a disk's job.</summary>
    public Task EndBlockJobAsync(string disk, BlockJobEnd end, CancellationToken cancel = default) =>
        CallAsync($"ending the job of disk {disk} of", () => Virt.virDomainBlockJobAbort(_handle, disk, (uint)end), cancel);

    /// <summary>How far a disk's job is; null if it has none.</summary>
    public Task<BlockJobProgress?> GetBlockJobAsync(string disk, CancellationToken cancel = default) => RunAsync<BlockJobProgress?>(
        () => LibvirtException.Check(Virt.virDomainGetBlockJobInfo(_handle, disk, out Virt.BlockJobInfo info, 0), Doing($"looking at the job of disk {disk} of")) == 0
            ? null
            : new BlockJobProgress((BlockJobKind)info.Type, info.Current, info.End),
        cancel);

    /// <summary>Begins to copy the disks as they are at this instant; the guest goes on.</summary>
    /// <param name="xml">A <c>&lt;domainbackup&gt;</c> element.</param>
    /// <param name="cancel">Stops waiting.</param>
    public Task BeginBackupAsync(string xml, CancellationToken cancel = default) =>
        CallAsync("backing up", () => Virt.virDomainBackupBegin(_handle, xml, null, 0), cancel);
}
