using Gureum.Client;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;

namespace Gureum.Controllers.Common;

/// <summary>Creates and deletes the pods of a workload and tells of it in events on the workload.</summary>
public sealed class PodControl(ApiClient client, EventRecorder events)
{
    public const string SuccessfulCreate = "SuccessfulCreate", FailedCreate = "FailedCreate", SuccessfulDelete = "SuccessfulDelete", FailedDelete = "FailedDelete";

    /// <summary>A pod made from a template, owned by a workload; the API server finishes its name.</summary>
    public static Pod FromTemplate(PodTemplateSpec template, IKubeObject owner) => new()
    {
        Metadata = new ObjectMeta
        {
            GenerateName = owner.Name() + "-", Namespace = owner.Ns(), Labels = template.Metadata.Labels, Annotations = template.Metadata.Annotations,
            Finalizers = template.Metadata.Finalizers, OwnerReferences = [Owners.ReferenceTo(owner)],
        },
        Spec = template.Spec,
    };

    /// <exception cref="ApiException">The server refused the pod; the owner's event says why.</exception>
    public async Task CreateAsync(Pod pod, IKubeObject owner, CancellationToken cancel)
    {
        try
        {
            // The pod itself comes by the informer: reading it here would decode it once more.
            var name = await client.CreateNameAsync(pod, cancel);
            events.Normal(owner, SuccessfulCreate, $"Created pod: {name}");
        }
        catch (ApiException e)
        {
            // A namespace that is going away refuses everything: not worth an event.
            if (!e.Status.IsNamespaceTerminating()) events.Warning(owner, FailedCreate, $"Error creating: {e.Message}");
            throw;
        }
    }

    /// <summary>Deletes the pod; one that has gone already is fine.</summary>
    public async Task DeleteAsync(Pod pod, IKubeObject owner, CancellationToken cancel)
    {
        try
        {
            await client.DeleteAsync<Pod>(pod.Ns(), pod.Name(), new DeleteOptions { Preconditions = new Preconditions { Uid = pod.Metadata.Uid } }, cancel);
            events.Normal(owner, SuccessfulDelete, $"Deleted pod: {pod.Name()}");
        }
        catch (ApiException e) when (e.IsNotFound || e.IsConflict) { /* gone, or another pod of the same name by now */ }
        catch (ApiException e)
        {
            events.Warning(owner, FailedDelete, $"Error deleting: {e.Message}");
            throw;
        }
    }
}

internal static class StatusExtensions
{
    internal static bool IsNamespaceTerminating(this Status status) =>
        status.Details?.Causes.Any(cause => cause.Reason == "NamespaceTerminating") == true;
}
