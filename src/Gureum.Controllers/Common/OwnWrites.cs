using System.Collections.Concurrent;
using System.Globalization;
using Gureum.Client;
using Gureum.Objects.Meta.V1;

namespace Gureum.Controllers.Common;

/// <summary>
/// What a controller wrote last of each object (thread-safe state). Its informers move one by one: an object read from one may be older than
/// what the controller itself wrote of it, while the objects around it are new, and a count over both would go wrong.
/// </summary>
internal sealed class OwnWrites
{
    private readonly ConcurrentDictionary<ObjectKey, long> written = new();

    /// <summary>Notes an object as the server gave it back after a write.</summary>
    public void Note(ObjectKey key, ObjectMeta metadata) => written[key] = Revision(metadata);

    /// <summary>True when the object does not yet show what this controller wrote: its next change will come.</summary>
    public bool IsBehind(ObjectKey key, ObjectMeta metadata) => written.TryGetValue(key, out var revision) && Revision(metadata) < revision;

    public void Forget(ObjectKey key) => written.TryRemove(key, out _);

    private static long Revision(ObjectMeta metadata) => long.Parse(metadata.ResourceVersion ?? "0", NumberStyles.None, CultureInfo.InvariantCulture);
}
