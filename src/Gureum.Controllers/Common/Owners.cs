using Gureum.Client;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;

namespace Gureum.Controllers.Common;

/// <summary>Owner references: who controls whom (https://kubernetes.io/docs/concepts/overview/working-with-objects/owners-dependents/).</summary>
public static class Owners
{
    /// <summary>Index over the uid of the controlling owner.</summary>
    public const string ByController = "controller";

    /// <summary>Index over the namespace, of objects that nobody controls.</summary>
    public const string Orphans = "orphans";

    /// <summary>The one owner that manages the object, or null.</summary>
    public static OwnerReference? Controller(ObjectMeta metadata)
    {
        foreach (var owner in metadata.OwnerReferences)
            if (owner.Controller == true) return owner;
        return null;
    }

    public static bool IsControlledBy(ObjectMeta metadata, string uid) => Controller(metadata) is { } owner && owner.Uid == uid;

    /// <summary>The reference that a managed object carries; deleting the owner in the foreground waits for it.</summary>
    public static OwnerReference ReferenceTo(IKubeObject owner) => new()
    {
        ApiVersion = owner.Type.ApiVersion, Kind = owner.Type.Kind, Name = owner.Metadata.Name, Uid = owner.Metadata.Uid, Controller = true, BlockOwnerDeletion = true,
    };

    /// <summary>Adds the two indexes by owner to an informer.</summary>
    public static Informer<T> IndexOwners<T>(this Informer<T> informer) where T : class, IKubeObject<T> => informer
        .AddIndex(ByController, static value => Controller(value.Metadata)?.Uid is { } uid ? [uid] : [])
        .AddIndex(Orphans, static value => Controller(value.Metadata) is null ? [value.Metadata.Namespace ?? ""] : []);

    /// <summary>The owner of the given kind that controls the object, when it is in the informer under the same uid.</summary>
    public static TOwner? Find<TOwner>(Informer<TOwner> owners, IKubeObject value) where TOwner : class, IKubeObject<TOwner>
    {
        if (Controller(value.Metadata) is not { } reference || reference.Kind != TOwner.Resource.Kind) return null;
        return owners.Get(value.Metadata.Namespace, reference.Name ?? "") is { } found && found.Metadata.Uid == reference.Uid ? found : null;
    }
}
