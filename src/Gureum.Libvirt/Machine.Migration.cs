using Gureum.Libvirt.Jobs;
using Gureum.Libvirt.Native;

namespace Gureum.Libvirt;

/// <content>Live migration. It runs in a thread of its own for as long as it takes; abort it by <see cref="AbortJobAsync"/>.</content>
public sealed unsafe partial class Machine
{
    /// <summary>Migrates under our direction: we hold connections to both hypervisors, which talk to each other by <see cref="MigrationOptions.MigrationUri"/> alone.</summary>
    /// <returns>The machine at its destination.</returns>
    public Task<Machine> MigrateAsync(Hypervisor destination, MigrationOptions options, CancellationToken cancel = default) => BlockingCalls.RunLongAsync(
        () =>
        {
            using ParameterList parameters = options.ToParameters();
            return new Machine(destination, LibvirtException.Check(
                Virt.virDomainMigrate3(_handle, destination.Handle, parameters.Pointer, (uint)parameters.Count, (uint)options.Flags), Doing($"migrating to {destination.Uri}")));
        },
        cancel);

    /// <summary>Migrates under the direction of the source's libvirtd, which connects to the destination's itself.</summary>
    /// <param name="destinationUri">The destination's libvirtd, as the source's reaches it.</param>
    /// <param name="options">How; <see cref="MigrationFlags.PeerToPeer"/> is added.</param>
    /// <param name="cancel">Stops waiting.</param>
    public Task MigrateToUriAsync(string destinationUri, MigrationOptions options, CancellationToken cancel = default) => CallLongAsync(
        $"migrating to {destinationUri}",
        () =>
        {
            using ParameterList parameters = options.ToParameters();
            return Virt.virDomainMigrateToURI3(_handle, destinationUri, parameters.Pointer, (uint)parameters.Count, (uint)(options.Flags | MigrationFlags.PeerToPeer));
        },
        cancel);

    /// <summary>For how long the guest may stand still at the end.</summary>
    public Task SetMaxDowntimeAsync(TimeSpan downtime, CancellationToken cancel = default) =>
        CallAsync("setting the downtime of", () => Virt.virDomainMigrateSetMaxDowntime(_handle, (ulong)downtime.TotalMilliseconds, 0), cancel);

    /// <summary>Lets the guest go on at its destination now; what memory is missing follows. Needs <see cref="MigrationFlags.PostCopy"/>.</summary>
    public Task StartPostCopyAsync(CancellationToken cancel = default) => CallAsync("switching to post-copy of", () => Virt.virDomainMigrateStartPostCopy(_handle, 0), cancel);

    /// <summary>How far its job is.</summary>
    public Task<JobInfo> GetJobAsync(CancellationToken cancel = default) => RunAsync(() => ReadJob(0), cancel);

    /// <summary>What its last job did; libvirt keeps it until the next.</summary>
    public Task<JobInfo> GetCompletedJobAsync(CancellationToken cancel = default) => RunAsync(() => ReadJob(1 | 2), cancel);

    /// <summary>Aborts its job; the call that began it fails with <see cref="LibvirtErrorCode.OperationAborted"/>.</summary>
    public Task AbortJobAsync(CancellationToken cancel = default) => CallAsync("aborting the job of", () => Virt.virDomainAbortJob(_handle), cancel);

    private JobInfo ReadJob(uint flags)
    {
        LibvirtException.Check(Virt.virDomainGetJobStats(_handle, out int type, out TypedParameter* parameters, out int count, flags), Doing("looking at the job of"));
        try
        {
            return JobInfo.From((JobState)type, TypedParameter.Read(parameters, count));
        }
        finally
        {
            ParameterList.Free(parameters, count);
        }
    }
}
