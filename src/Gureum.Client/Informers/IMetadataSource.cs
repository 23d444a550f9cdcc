using Gureum.Objects.Meta.V1;

namespace Gureum.Client;

/// <summary>A local copy of a collection, seen by its metadata alone.</summary>
internal interface IMetadataSource
{
    void AddMetadataHandler(Informer<ObjectMeta>.Handler handler);
}
