using System.Collections.Concurrent;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;

namespace Gureum.Client;

/// <summary>
/// A local copy of a collection, kept up to date by list and watch (thread-safe state). Readers see each object as an
/// immutable value; handlers run one after the other on the informer's own loop, so they only enqueue.
/// </summary>
public sealed class Informer<T> : IMetadataSource where T : class
{
    /// <summary>What a handler is told. On <c>Added</c> the old value is null, on <c>Deleted</c> the new one.</summary>
    public delegate void Handler(T? old, T? current);

    private readonly ApiClient client;
    private readonly ResourceType resource;
    private readonly ModelJson.Reader<T> read;
    private readonly Func<T, ObjectMeta> metadata;
    private readonly ListQuery selection;
    private readonly TimeProvider time;
    private readonly ConcurrentDictionary<ObjectKey, T> objects = new();
    private readonly Dictionary<string, Index> indexes = [];
    private readonly List<Handler> handlers = [];
    private readonly Lock gate = new();
    private TaskCompletionSource progress = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource synced = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal Informer(ApiClient client, ResourceType resource, ModelJson.Reader<T> read, Func<T, ObjectMeta> metadata, ListQuery selection, TimeProvider time) =>
        (this.client, this.resource, this.read, this.metadata, this.selection, this.time) = (client, resource, read, metadata, selection, time);

    /// <summary>Completes after the first list.</summary>
    public Task Synced => synced.Task;

    /// <summary>The newest resourceVersion that this copy has seen.</summary>
    public string ResourceVersion { get; private set; } = "";

    public int Count => objects.Count;

    public T? Get(string? ns, string name) => objects.GetValueOrDefault(new ObjectKey(ns, name));
    public T? Get(ObjectKey key) => objects.GetValueOrDefault(key);

    /// <summary>All objects, in no order.</summary>
    public IEnumerable<T> List() => objects.Select(pair => pair.Value);

    /// <summary>All objects of a namespace, in no order.</summary>
    public IEnumerable<T> List(string ns) => objects.Where(pair => pair.Key.Namespace == ns).Select(pair => pair.Value);

    /// <summary>Objects under a key of an index made with <see cref="AddIndex"/>.</summary>
    public IReadOnlyCollection<T> ByIndex(string index, string key)
    {
        lock (gate) return indexes[index].Find(key);
    }

    /// <summary>Adds an index; <paramref name="keys"/> gives the index keys of an object. Adding the same name again does nothing.</summary>
    public Informer<T> AddIndex(string name, Func<T, IEnumerable<string>> keys)
    {
        lock (gate)
        {
            if (indexes.ContainsKey(name)) return this;
            var index = new Index(keys);
            foreach (var (key, value) in objects) index.Change(key, null, value);
            indexes[name] = index;
        }
        return this;
    }

    /// <summary>Adds a handler and tells it of everything already here as added.</summary>
    public Informer<T> AddHandler(Handler handler)
    {
        lock (gate)
        {
            handlers.Add(handler);
            foreach (var (_, value) in objects) handler(null, value);
        }
        return this;
    }

    void IMetadataSource.AddMetadataHandler(Informer<ObjectMeta>.Handler handler) =>
        AddHandler((old, current) => handler(old is null ? null : metadata(old), current is null ? null : metadata(current)));

    /// <summary>
    /// Completes when what is here satisfies a condition, which is asked after every change: so that somebody who has written reads what they wrote.
    /// </summary>
    public async Task UntilAsync(Func<bool> satisfied, CancellationToken cancel)
    {
        while (true)
        {
            var next = Volatile.Read(ref progress).Task;
            if (satisfied()) return;
            await next.WaitAsync(cancel);
        }
    }

    /// <summary>Lists and watches until cancelled, starting over whenever the watch ends or fails.</summary>
    internal async Task RunAsync(CancellationToken cancel)
    {
        var delay = TimeSpan.FromMilliseconds(50);
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                if (ResourceVersion.Length == 0) await ListAsync(cancel);
                await WatchAsync(cancel);
                delay = TimeSpan.FromMilliseconds(50);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested) { return; }
            catch (ApiException e) when (e.IsExpired) { ResourceVersion = ""; }
            catch (Exception e) when (e is ApiException or ApiUnreachableException or System.Text.Json.JsonException or FormatException or IOException)
            {
                Log.Current.Retry(resource.GroupResource, e, delay);
                await Task.Delay(delay, time, cancel).ContinueWith(static _ => { }, TaskScheduler.Default);
                delay = delay * 2 < TimeSpan.FromSeconds(10) ? delay * 2 : TimeSpan.FromSeconds(10);
            }
        }
    }

    private async Task ListAsync(CancellationToken cancel)
    {
        var body = await client.SendAsync(new ApiRequest("GET", resource.Path(), selection.ToQuery()), cancel);
        var list = ApiClient.ReadList(body, read);
        var seen = new HashSet<ObjectKey>();
        foreach (var item in list.Items)
        {
            seen.Add(ObjectKey.Of(metadata(item)));
            Store(item);
        }
        foreach (var key in objects.Keys.Where(key => !seen.Contains(key))) Remove(key);
        ResourceVersion = list.ResourceVersion;
        synced.TrySetResult();
        Progressed();
    }

    private async Task WatchAsync(CancellationToken cancel)
    {
        await foreach (var change in client.WatchAsync(resource, read, null, selection with { ResourceVersion = ResourceVersion }, cancel))
        {
            if (change.Type == WatchEventType.Deleted) Remove(ObjectKey.Of(metadata(change.Object)));
            else if (change.Type != WatchEventType.Bookmark) Store(change.Object);
            ResourceVersion = metadata(change.Object).ResourceVersion ?? ResourceVersion;
            Progressed();
        }
    }

    private void Progressed() => Interlocked.Exchange(ref progress, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    private void Store(T item)
    {
        var key = ObjectKey.Of(metadata(item));
        lock (gate)
        {
            objects.TryGetValue(key, out var old);
            if (old is not null && metadata(old).ResourceVersion == metadata(item).ResourceVersion) return;
            objects[key] = item;
            foreach (var index in indexes.Values) index.Change(key, old, item);
            foreach (var handler in handlers) handler(old, item);
        }
    }

    private void Remove(ObjectKey key)
    {
        lock (gate)
        {
            if (!objects.TryRemove(key, out var old)) return;
            foreach (var index in indexes.Values) index.Change(key, old, null);
            foreach (var handler in handlers) handler(old, null);
        }
    }

    private sealed class Index(Func<T, IEnumerable<string>> keys)
    {
        private readonly Dictionary<string, Dictionary<ObjectKey, T>> entries = new(StringComparer.Ordinal);

        internal IReadOnlyCollection<T> Find(string key) => entries.TryGetValue(key, out var found) ? [.. found.Values] : [];

        internal void Change(ObjectKey key, T? old, T? current)
        {
            if (old is not null)
                foreach (var k in keys(old))
                    if (entries.TryGetValue(k, out var set) && set.Remove(key) && set.Count == 0) entries.Remove(k);
            if (current is null) return;
            foreach (var k in keys(current))
            {
                if (!entries.TryGetValue(k, out var set)) entries[k] = set = [];
                set[key] = current;
            }
        }
    }
}
