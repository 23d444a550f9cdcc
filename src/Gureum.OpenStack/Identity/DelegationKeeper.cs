using Gureum.Client;
using Gureum.Identity;
using Gureum.Objects.Identity.V1;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Rbac.V1;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Identity;

/// <summary>
/// Sees to it that an application credential or a trust has bindings in RBAC exactly while its maker has every role that was handed on: whoever takes
/// a role away, at whichever door, takes it from what was made with it as well.
/// </summary>
internal sealed class DelegationKeeper
{
    private sealed record Delegated(string User, OwnerReference Owner, string Maker, string Project, IReadOnlyList<string> Roles);

    private readonly Cloud cloud;
    private readonly AssignmentBook assignments;
    private readonly ApiClient door;
    private readonly WorkQueue<(bool IsTrust, string Name)> queue;
    private readonly Reconciler<(bool IsTrust, string Name)> reconciler;

    internal DelegationKeeper(Cloud cloud, AssignmentBook assignments, ApiClient door, TimeProvider time)
    {
        (this.cloud, this.assignments, this.door) = (cloud, assignments, door);
        queue = new WorkQueue<(bool, string)>(time);
        reconciler = new Reconciler<(bool IsTrust, string Name)>("openstack-delegations", queue, ReconcileAsync);
        cloud.Informers.Get<ApplicationCredential>().AddHandler((_, current) => { if (current is not null) queue.Add((false, current.Metadata.Name!)); });
        cloud.Informers.Get<Trust>().AddHandler((_, current) => { if (current is not null) queue.Add((true, current.Metadata.Name!)); });
        cloud.Informers.Get<RoleBinding>().AddHandler((old, current) => { if (AssignmentBook.ConcernsKeystone((current ?? old)!.Subjects)) AddAll(); });
        cloud.Informers.Get<ClusterRoleBinding>().AddHandler((old, current) => { if (AssignmentBook.ConcernsKeystone((current ?? old)!.Subjects)) AddAll(); });
        cloud.Informers.Get<ClusterRole>().AddHandler((old, current) => { if (IdentityIds.IsRole((current ?? old)!)) AddAll(); });
        cloud.Informers.Get<Group>().AddHandler((_, _) => AddAll());
    }

    internal Task RunAsync(CancellationToken cancel) => reconciler.RunAsync(cancel);

    private void AddAll()
    {
        foreach (var credential in cloud.ApplicationCredentials.All) queue.Add((false, credential.Metadata.Name!));
        foreach (var trust in cloud.Trusts.All) queue.Add((true, trust.Metadata.Name!));
    }

    private Delegated? Find(bool isTrust, string name) => isTrust
        ? cloud.Trusts.Get(null, name) is { Metadata.DeletionTimestamp: null } t ? new Delegated(KeystoneNames.Trust(t.Metadata.Uid!), Owners.Of(Trust.Resource, t.Metadata), t.Spec.Trustor ?? "", t.Spec.Project ?? "", t.Spec.Roles) : null
        : cloud.ApplicationCredentials.Get(null, name) is { Metadata.DeletionTimestamp: null } c ? new Delegated(KeystoneNames.ApplicationCredential(c.Metadata.Uid!), Owners.Of(ApplicationCredential.Resource, c.Metadata), c.Spec.User ?? "", c.Spec.Project ?? "", c.Spec.Roles) : null;

    // One that is gone takes its bindings along: they are owned by it.
    private async Task ReconcileAsync((bool IsTrust, string Name) key, CancellationToken cancel)
    {
        if (Find(key.IsTrust, key.Name) is not { } given || cloud.Projects.Get(null, given.Project) is not { Metadata.DeletionTimestamp: null } project) return;
        var held = cloud.Users.Get(null, given.Maker) is { } maker ? assignments.RolesOf(maker, new TokenScope(ScopeKind.Project, new NamedObject(given.Project, project.Metadata.Uid!))) : [];
        if (given.Roles.All(r => held.Any(h => h.Metadata.Name == r)))
        {
            foreach (var role in given.Roles) await Delegation.BindAsync(cloud, door, given.User, given.Owner, role, given.Project, cancel);
            return;
        }
        foreach (var binding in cloud.ProjectBindings.By(Cloud.BySubject, given.User).ToList()) await IfThereAsync(() => cloud.ProjectBindings.DeleteAsync(door, binding, cancel));
        foreach (var binding in cloud.CloudBindings.By(Cloud.BySubject, given.User).ToList()) await IfThereAsync(() => cloud.CloudBindings.DeleteAsync(door, binding, cancel));
    }

    private static async Task IfThereAsync(Func<Task> delete)
    {
        try { await delete(); }
        catch (ApiException e) when (e.IsNotFound) { /* somebody was faster */ }
    }
}
