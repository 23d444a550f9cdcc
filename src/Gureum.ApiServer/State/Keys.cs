using Gureum.Objects.Models;

namespace Gureum.ApiServer.State;

/// <summary>Where objects live in the store: /registry/GROUP/PLURAL/[NAMESPACE/]NAME, "core" for the group without a name.</summary>
public static class Keys
{
    public const string All = "/registry/";

    public static string Collection(ResourceType type, string? ns = null) =>
        All + (type.Group.Length == 0 ? "core" : type.Group) + "/" + type.Plural + "/" + (string.IsNullOrEmpty(ns) ? "" : ns + "/");

    public static string Object(ResourceType type, string? ns, string name) => Collection(type, ns) + name;

    /// <summary>The first key after all that start with the prefix.</summary>
    public static string EndOf(string prefix) => prefix[..^1] + (char)(prefix[^1] + 1);

    /// <summary>The collection that a key belongs to: its first three segments.</summary>
    public static string CollectionOf(string key)
    {
        var group = key.IndexOf('/', All.Length);
        return key[..(key.IndexOf('/', group + 1) + 1)];
    }
}
