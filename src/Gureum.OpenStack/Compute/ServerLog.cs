using Gureum.Client;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Meta.V1;
using Gureum.OpenStack.Http;

namespace Gureum.OpenStack.Compute;

/// <summary>
/// What was done to servers, as Events beside all others of the machine (`kubectl events --for vm/NAME`): they outlive it, and go when Events do, after an hour.
/// Written by the door, since who may act on a machine need not be allowed to write Events (stateless).
/// </summary>
internal sealed class ServerLog(ApiClient door, TimeProvider time)
{
    internal const string Component = "openstack", Prefix = "compute.gureum.io/", Request = Prefix + "request", User = Prefix + "user", Project = Prefix + "project";

    internal async Task WriteAsync(Call call, VirtualMachine machine, string action)
    {
        var now = time.GetUtcNow();
        var entry = new Event
        {
            Metadata = new ObjectMeta
            {
                Name = $"{machine.Metadata.Name}.{call.RequestId}", Namespace = machine.Metadata.Namespace,
                Annotations = new Dictionary<string, string> { [Request] = call.RequestId, [User] = call.Caller.UserId, [Project] = call.Caller.ProjectId ?? "" },
            },
            InvolvedObject = new ObjectReference { ApiVersion = VirtualMachine.Resource.ApiVersion, Kind = VirtualMachine.Resource.Kind, Namespace = machine.Metadata.Namespace, Name = machine.Metadata.Name, Uid = machine.Metadata.Uid },
            Reason = "OpenStack", Action = action, Message = $"{action} was asked for at the OpenStack API", Type = "Normal", FirstTimestamp = now, LastTimestamp = now, EventTime = now, Count = 1, Source = new EventSource { Component = Component }, ReportingComponent = Component, ReportingInstance = Component,
        };
        try { await door.CreateAsync(entry, call.Cancel); }
        // What was asked for is done; a namespace that is going takes no notes.
        catch (ApiException e) when (e.Code is 403 or 404 or 409 or 422) { Log.Current.Warn("openstack", $"{action} of {machine.Metadata.Namespace}/{machine.Metadata.Name} was not noted: {e.Message}"); }
    }

    /// <summary>The entries of a server, also of one that is gone; the newest first.</summary>
    internal async Task<IReadOnlyList<Event>> OfAsync(string ns, string uid, CancellationToken cancel) =>
        [.. (await door.ListAsync<Event>(ns, new ListQuery { FieldSelector = $"involvedObject.uid={uid}" }, cancel)).Items.Where(static e => e.Source?.Component == Component).OrderByDescending(static e => e.FirstTimestamp)];
}
