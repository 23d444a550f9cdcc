using System.Globalization;
using Gureum.Client;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;

namespace Gureum.OpenStack.Objects;

/// <summary>
/// A kind's objects as OpenStack's clients know them: found by id, and read by whoever has just written. Reads come out of the informer's copy,
/// writes go to the API server as the caller (thread-safe).
/// </summary>
/// <param name="id">The id by which clients know an object.</param>
public sealed class Collection<T>(Informer<T> informer, Func<T, string> id) where T : class, IKubeObject<T>
{
    private const string ById = "openstack-id", ByNamespace = "namespace";
    private const int MostConflicts = 10;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Informer<T> informer = informer.AddIndex(ById, o => [id(o)]).AddIndex(ByNamespace, static o => [o.Metadata.Namespace ?? ""]);

    public IEnumerable<T> All => informer.List();

    /// <summary>Those in a namespace.</summary>
    public IReadOnlyCollection<T> In(string ns) => informer.ByIndex(ByNamespace, ns);

    public T? Find(string wanted) => informer.ByIndex(ById, wanted).FirstOrDefault();
    public T? Get(string? ns, string? name) => name is null ? null : informer.Get(ns, name);
    public string IdOf(T value) => id(value);

    /// <summary>Another index of the same copy.</summary>
    public Collection<T> Index(string name, Func<T, IEnumerable<string>> keys)
    {
        informer.AddIndex(name, keys);
        return this;
    }

    public IReadOnlyCollection<T> By(string index, string key) => informer.ByIndex(index, key);

    public async Task<T> CreateAsync(ApiClient client, T value, CancellationToken cancel) => await SeenAsync(await client.CreateAsync(value, cancel), cancel);

    /// <summary>Changes the object as it is known, or as the server has it when that is newer: nobody else's change is undone.</summary>
    /// <exception cref="ApiException">Refused; or gone (404).</exception>
    public Task<T> ChangeAsync(ApiClient client, T known, Func<T, T> change, CancellationToken cancel) => ChangeAsync(client, known, change, (c, v) => c.UpdateAsync(v, cancel), cancel);

    /// <summary>Changes the object's annotations alone.</summary>
    public Task<T> AnnotateAsync(ApiClient client, T known, Action<Dictionary<string, string>> change, CancellationToken cancel) => ChangeAsync(client, known, value =>
    {
        var notes = new Dictionary<string, string>(value.Metadata.Annotations);
        change(notes);
        return value.WithMetadata(value.Metadata with { Annotations = notes });
    }, cancel);

    public Task<T> ChangeStatusAsync(ApiClient client, T known, Func<T, T> change, CancellationToken cancel) => ChangeAsync(client, known, change, (c, v) => c.UpdateStatusAsync(v, cancel: cancel), cancel);

    private async Task<T> ChangeAsync(ApiClient client, T known, Func<T, T> change, Func<ApiClient, T, Task<T>> write, CancellationToken cancel)
    {
        for (var tries = 1; ; tries++)
        {
            try { return await SeenAsync(await write(client, change(known)), cancel); }
            catch (ApiException e) when (e.IsConflict && tries < MostConflicts) { known = await client.GetAsync<T>(known.Metadata.Namespace, known.Metadata.Name!, cancel); }
        }
    }

    /// <summary>Deletes this very object, not another that has come under its name.</summary>
    public async Task DeleteAsync(ApiClient client, T value, CancellationToken cancel)
    {
        var (ns, name, uid) = (value.Metadata.Namespace, value.Metadata.Name!, value.Metadata.Uid);
        await client.DeleteAsync<T>(ns, name, new DeleteOptions { Preconditions = new Preconditions { Uid = uid } }, cancel);
        await WaitAsync(() => informer.Get(ns, name) is not { } left || left.Metadata.Uid != uid || left.Metadata.DeletionTimestamp is not null, cancel);
    }

    private async Task<T> SeenAsync(T written, CancellationToken cancel)
    {
        var revision = Revision(written.Metadata.ResourceVersion);
        await WaitAsync(() => Revision(informer.ResourceVersion) >= revision, cancel);
        return written;
    }

    // A copy that does not come forward (the server restarts) must not hold the answer to a write that was done.
    private async Task WaitAsync(Func<bool> satisfied, CancellationToken cancel)
    {
        if (satisfied()) return;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Patience);
        try { await informer.UntilAsync(satisfied, limit.Token); }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested) { Log.Current.Warn("openstack", $"the copy of {T.Resource.GroupResource} is more than {Patience.TotalSeconds} s behind"); }
    }

    private static ulong Revision(string? text) => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var revision) ? revision : 0;
}
