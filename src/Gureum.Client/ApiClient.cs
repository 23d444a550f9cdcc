using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;

namespace Gureum.Client;

/// <summary>
/// Typed calls over a transport. Every member throws <see cref="ApiException"/> when the server refuses and
/// <see cref="ApiUnreachableException"/> when it does not answer. Thread-safe and stateless.
/// </summary>
public sealed class ApiClient(IApiTransport transport)
{
    private const int MostConflicts = 10;

    public IApiTransport Transport { get; } = transport;

    public async Task<T> GetAsync<T>(string? ns, string name, CancellationToken cancel = default) where T : IKubeObject<T> =>
        Parse<T>(await SendAsync(new ApiRequest("GET", T.Resource.Path(ns, name)), cancel));

    /// <summary>The object, or null when there is none.</summary>
    public async Task<T?> FindAsync<T>(string? ns, string name, CancellationToken cancel = default) where T : class, IKubeObject<T>
    {
        try { return await GetAsync<T>(ns, name, cancel); }
        catch (ApiException e) when (e.IsNotFound) { return null; }
    }

    /// <summary>One page, or everything when the query has no limit.</summary>
    public async Task<ObjectList<T>> ListAsync<T>(string? ns = null, ListQuery? query = null, CancellationToken cancel = default) where T : IKubeObject<T> =>
        ReadList(await SendAsync(new ApiRequest("GET", T.Resource.Path(ns), (query ?? new ListQuery()).ToQuery()), cancel), T.Read);

    public async Task<T> CreateAsync<T>(T value, CancellationToken cancel = default) where T : IKubeObject<T> =>
        Parse<T>(await SendAsync(new ApiRequest("POST", T.Resource.Path(value.Metadata.Namespace), "", ModelJson.Encode(value)), cancel));

    /// <summary>Creates an object whose new state is of no interest: of the answer only the name is read.</summary>
    public async Task<string> CreateNameAsync<T>(T value, CancellationToken cancel = default) where T : IKubeObject<T> =>
        Objects.Json.JsonPeek.Text((await SendAsync(new ApiRequest("POST", T.Resource.Path(value.Metadata.Namespace), "", ModelJson.Encode(value)), cancel)).Span, ["metadata", "name"]);

    /// <summary>Creates through a subresource (eviction, binding, token); the answer is of the kind sent.</summary>
    public async Task<TSub> CreateAsync<T, TSub>(string ns, string name, string subresource, TSub value, CancellationToken cancel = default)
        where T : IKubeObject<T> where TSub : IModel<TSub> =>
        ModelJson.Parse<TSub>((await SendAsync(new ApiRequest("POST", T.Resource.Path(ns, name, subresource), "", ModelJson.Encode(value)), cancel)).Span);

    /// <summary>Binds a pod to a node (POST pods/NAME/binding).</summary>
    public Task BindAsync(string ns, string pod, string node, CancellationToken cancel = default) =>
        SendAsync(new ApiRequest("POST", Objects.Core.V1.Pod.Resource.Path(ns, pod, "binding"), "", ModelJson.Encode(new Objects.Core.V1.Binding
        {
            Metadata = new ObjectMeta { Name = pod, Namespace = ns },
            Target = new Objects.Core.V1.ObjectReference { Kind = "Node", Name = node, ApiVersion = "v1" },
        })), cancel);

    /// <summary>Replaces the object; a resourceVersion in its metadata must still be the newest.</summary>
    public async Task<T> UpdateAsync<T>(T value, CancellationToken cancel = default) where T : IKubeObject<T> =>
        Parse<T>(await SendAsync(new ApiRequest("PUT", T.Resource.Path(value.Metadata.Namespace, value.Metadata.Name), "", ModelJson.Encode(value)), cancel));

    /// <summary>Replaces the object's status (or another subresource) only.</summary>
    public async Task<T> UpdateStatusAsync<T>(T value, string subresource = "status", CancellationToken cancel = default) where T : IKubeObject<T> =>
        Parse<T>(await SendAsync(new ApiRequest("PUT", T.Resource.Path(value.Metadata.Namespace, value.Metadata.Name, subresource), "", ModelJson.Encode(value)), cancel));

    /// <summary>Changes the status of the object as it is known, or, when that is no longer the newest, of the one that the server has: nobody else's change is undone.</summary>
    /// <param name="change">Called for each try with what is to be changed.</param>
    /// <returns>The object as it was written; null when it has gone, or another one has come under its name.</returns>
    /// <exception cref="ApiException">Refused for another reason than its age, or changed by others at each of the tries.</exception>
    public async Task<T?> ChangeStatusAsync<T>(T known, Func<T, T> change, CancellationToken cancel = default) where T : class, IKubeObject<T>
    {
        for (var tries = 1; ; tries++)
        {
            try { return await UpdateStatusAsync(change(known), cancel: cancel); }
            catch (ApiException e) when (e.IsNotFound) { return null; }
            catch (ApiException e) when (e.IsConflict && tries < MostConflicts) { /* changed meanwhile: once more, from what it is now */ }
            if (await FindAsync<T>(known.Metadata.Namespace, known.Metadata.Name!, cancel) is not { } live || live.Metadata.Uid != known.Metadata.Uid) return null;
            known = live;
        }
    }

    /// <param name="patch">The patch as UTF-8 JSON.</param>
    public async Task<T> PatchAsync<T>(string? ns, string name, PatchType type, ReadOnlyMemory<byte> patch, string? subresource = null, string? fieldManager = null, CancellationToken cancel = default) where T : IKubeObject<T> =>
        Parse<T>(await PatchAsync(T.Resource, ns, name, type, patch, subresource, fieldManager, cancel));

    /// <inheritdoc cref="PatchAsync{T}"/>
    public async Task<ReadOnlyMemory<byte>> PatchAsync(ResourceType resource, string? ns, string name, PatchType type, ReadOnlyMemory<byte> patch, string? subresource = null, string? fieldManager = null, CancellationToken cancel = default)
    {
        var query = fieldManager is null ? "" : "fieldManager=" + Uri.EscapeDataString(fieldManager) + (type == PatchType.Apply ? "&force=true" : "");
        return await SendAsync(new ApiRequest("PATCH", resource.Path(ns, name, subresource), query, patch, type switch
        {
            PatchType.Json => "application/json-patch+json",
            PatchType.Merge => "application/merge-patch+json",
            PatchType.Strategic => "application/strategic-merge-patch+json",
            _ => "application/apply-patch+yaml",
        }), cancel);
    }

    public Task DeleteAsync<T>(string? ns, string name, DeleteOptions? options = null, CancellationToken cancel = default) where T : IKubeObject<T> =>
        DeleteAsync(T.Resource, ns, name, options, cancel);

    public Task DeleteAsync(ResourceType resource, string? ns, string name, DeleteOptions? options = null, CancellationToken cancel = default) =>
        SendAsync(new ApiRequest("DELETE", resource.Path(ns, name), "", options is null ? default : ModelJson.Encode(options)), cancel);

    /// <summary>Deletes everything in a namespace's collection that the query selects.</summary>
    public Task DeleteCollectionAsync(ResourceType resource, string? ns, ListQuery? query = null, CancellationToken cancel = default) =>
        SendAsync(new ApiRequest("DELETE", resource.Path(ns), (query ?? new ListQuery()).ToQuery()), cancel);

    /// <summary>Metadata of everything in a collection of any kind.</summary>
    public async Task<ObjectList<PartialObject>> ListMetadataAsync(ResourceType resource, string? ns = null, ListQuery? query = null, CancellationToken cancel = default) =>
        ReadList(await SendAsync(new ApiRequest("GET", resource.Path(ns), (query ?? new ListQuery()).ToQuery()), cancel), PartialObjectReader.For(resource));

    public IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(string? ns, ListQuery query, CancellationToken cancel = default) where T : IKubeObject<T> =>
        WatchAsync(T.Resource, T.Read, ns, query, cancel);

    /// <summary>Changes after the query's resourceVersion, until the server ends the watch or the caller cancels.</summary>
    /// <exception cref="ApiException">The watch was refused, or ended with an error event (410: list again).</exception>
    public async IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(ResourceType resource, ModelJson.Reader<T> read, string? ns, ListQuery query, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        var text = query.ToQuery();
        var response = await Transport.SendAsync(new ApiRequest("GET", resource.Path(ns), text + (text.Length > 0 ? "&" : "") + "watch=true&allowWatchBookmarks=true", Streaming: true), cancel);
        if (response.Frames is null) throw ApiException.From(response.Status, response.Body);
        await foreach (var frame in response.Frames.WithCancellation(cancel))
            yield return ReadEvent(frame.Span, read);
    }

    /// <summary>Any request; a refusal is thrown.</summary>
    public async Task<ReadOnlyMemory<byte>> SendAsync(ApiRequest request, CancellationToken cancel = default)
    {
        var response = await Transport.SendAsync(request, cancel);
        return response.Status is >= 200 and < 300 ? response.Body : throw ApiException.From(response.Status, response.Body);
    }

    private static T Parse<T>(ReadOnlyMemory<byte> body) where T : IModel<T> => ModelJson.Parse<T>(body.Span);

    internal static ObjectList<T> ReadList<T>(ReadOnlyMemory<byte> body, ModelJson.Reader<T> read)
    {
        var reader = new Utf8JsonReader(body.Span, new JsonReaderOptions { MaxDepth = 128 });
        IReadOnlyList<T> items = [];
        var metadata = ListMeta.Empty;
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("items"u8)) { reader.Read(); items = reader.TokenType == JsonTokenType.Null ? [] : ModelJson.ReadList(ref reader, read); }
            else if (reader.ValueTextEquals("metadata"u8)) { reader.Read(); metadata = ListMeta.Read(ref reader); }
            else { reader.Read(); reader.Skip(); }
        }
        return new ObjectList<T>(items, metadata.ResourceVersion ?? "", metadata.Continue);
    }

    private static WatchEvent<T> ReadEvent<T>(ReadOnlySpan<byte> frame, ModelJson.Reader<T> read)
    {
        var reader = new Utf8JsonReader(frame, new JsonReaderOptions { MaxDepth = 128 });
        WatchEventType? type = null;
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("type"u8))
            {
                reader.Read();
                type = reader.ValueTextEquals("ADDED"u8) ? WatchEventType.Added : reader.ValueTextEquals("MODIFIED"u8) ? WatchEventType.Modified
                    : reader.ValueTextEquals("DELETED"u8) ? WatchEventType.Deleted : reader.ValueTextEquals("BOOKMARK"u8) ? WatchEventType.Bookmark : null;
            }
            else if (reader.ValueTextEquals("object"u8))
            {
                reader.Read();
                if (type is not { } known) throw new ApiException(Status.Read(ref reader));
                return new WatchEvent<T>(known, read(ref reader));
            }
            else { reader.Read(); reader.Skip(); }
        }
        throw new JsonException("a watch event without an object");
    }
}
