using System.Text;
using Gureum.Objects.Models;
using Gureum.Objects.Meta.V1;

namespace Gureum.Client;

/// <summary>What of a collection to list or watch.</summary>
/// <param name="Limit">Objects for each page; 0 for all at once.</param>
public sealed record ListQuery(string? LabelSelector = null, string? FieldSelector = null, string? ResourceVersion = null, int Limit = 0, string? Continue = null)
{
    public string ToQuery()
    {
        var text = new StringBuilder();
        Add("labelSelector", LabelSelector);
        Add("fieldSelector", FieldSelector);
        Add("resourceVersion", ResourceVersion);
        if (Limit > 0) Add("limit", Limit.ToString(System.Globalization.CultureInfo.InvariantCulture));
        Add("continue", Continue);
        return text.ToString();

        void Add(string name, string? value)
        {
            if (string.IsNullOrEmpty(value)) return;
            if (text.Length > 0) text.Append('&');
            text.Append(name).Append('=').Append(Uri.EscapeDataString(value));
        }
    }
}

/// <summary>One page of a collection.</summary>
public sealed record ObjectList<T>(IReadOnlyList<T> Items, string ResourceVersion, string? Continue);

public enum PatchType { Json, Merge, Strategic, Apply }

public enum WatchEventType { Added, Modified, Deleted, Bookmark }

/// <summary>One change to one object; a bookmark carries only a newer resourceVersion.</summary>
public sealed record WatchEvent<T>(WatchEventType Type, T Object);

/// <summary>An object of any kind by its metadata alone, for those who treat all kinds alike.</summary>
public sealed record PartialObject(string ApiVersion, string Kind, ObjectMeta Metadata);
