using Gureum.Client;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;

namespace Gureum.Controllers.Common;

/// <summary>Short words for what controllers read most.</summary>
public static class MetaExtensions
{
    public static string Name(this IKubeObject value) => value.Metadata.Name ?? "";
    public static string Ns(this IKubeObject value) => value.Metadata.Namespace ?? "";
    public static string Uid(this IKubeObject value) => value.Metadata.Uid ?? "";
    public static ObjectKey Key(this IKubeObject value) => ObjectKey.Of(value.Metadata);
    public static bool IsDeleting(this IKubeObject value) => value.Metadata.DeletionTimestamp is not null;

    public static string? Annotation(this IKubeObject value, string key) => value.Metadata.Annotations.GetValueOrDefault(key);
    public static string? Label(this IKubeObject value, string key) => value.Metadata.Labels.GetValueOrDefault(key);

    /// <summary>A copy of the map with one entry set, or taken out when the value is null.</summary>
    public static IReadOnlyDictionary<string, T> With<T>(this IReadOnlyDictionary<string, T> map, string key, T? value) where T : class
    {
        var copy = new Dictionary<string, T>(map, StringComparer.Ordinal);
        if (value is null) copy.Remove(key);
        else copy[key] = value;
        return copy;
    }

    public static ObjectMeta WithAnnotation(this ObjectMeta metadata, string key, string? value) =>
        metadata with { Annotations = metadata.Annotations.With(key, value) };

    public static ObjectMeta WithLabel(this ObjectMeta metadata, string key, string? value) =>
        metadata with { Labels = metadata.Labels.With(key, value) };

    public static ObjectMeta WithoutFinalizer(this ObjectMeta metadata, string finalizer) =>
        metadata with { Finalizers = [.. metadata.Finalizers.Where(f => f != finalizer)] };

    public static bool HasFinalizer(this IKubeObject value, string finalizer)
    {
        foreach (var known in value.Metadata.Finalizers) if (known == finalizer) return true;
        return false;
    }
}
