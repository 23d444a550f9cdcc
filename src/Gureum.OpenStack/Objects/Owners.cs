using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;

namespace Gureum.OpenStack.Objects;

/// <summary>References to the object that another one goes with.</summary>
public static class Owners
{
    public static OwnerReference Of(ResourceType kind, ObjectMeta owner) => new() { ApiVersion = kind.ApiVersion, Kind = kind.Kind, Name = owner.Name!, Uid = owner.Uid! };
}
