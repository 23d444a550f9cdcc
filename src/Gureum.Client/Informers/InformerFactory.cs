using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;

namespace Gureum.Client;

/// <summary>Shared informers, one for each collection: get what you need, then start them all.</summary>
public sealed class InformerFactory(ApiClient client, TimeProvider time)
{
    private readonly Dictionary<(ResourceType, bool Metadata), object> informers = [];
    private readonly List<(Func<CancellationToken, Task> Run, Task Synced)> pending = [];
    private readonly List<Task> started = [];
    private readonly List<Task> running = [];
    private readonly Lock gate = new();

    public ApiClient Client => client;
    public TimeProvider Time => time;

    /// <summary>The informer of a typed collection; the same one for every caller.</summary>
    public Informer<T> Get<T>() where T : class, IKubeObject<T>
    {
        lock (gate)
        {
            if (informers.TryGetValue((T.Resource, false), out var known)) return (Informer<T>)known;
            return Add((T.Resource, false), new Informer<T>(client, T.Resource, T.Read, static o => o.Metadata, new ListQuery(), time));
        }
    }

    /// <summary>An informer over part of a collection, not shared: "spec.nodeName=a" for a node's pods.</summary>
    public Informer<T> Select<T>(ListQuery selection) where T : class, IKubeObject<T>
    {
        lock (gate)
            return Add(null, new Informer<T>(client, T.Resource, T.Read, static o => o.Metadata, selection, time));
    }

    /// <summary>An informer of the metadata of any collection.</summary>
    public Informer<PartialObject> Metadata(ResourceType resource)
    {
        lock (gate)
        {
            if (informers.TryGetValue((resource, true), out var known)) return (Informer<PartialObject>)known;
            return Add((resource, true), new Informer<PartialObject>(client, resource, PartialObjectReader.For(resource), static o => o.Metadata, new ListQuery(), time));
        }
    }

    /// <summary>
    /// Tells a handler of the metadata of everything in a collection of any kind, as <see cref="Informer{T}.AddHandler"/>
    /// does. It comes out of the typed copy where there is one, so that nothing is sent and decoded twice.
    /// </summary>
    public void ObserveMetadata(ResourceType resource, Informer<ObjectMeta>.Handler handler)
    {
        IMetadataSource? typed;
        lock (gate) typed = informers.GetValueOrDefault((resource, false)) as IMetadataSource;
        (typed ?? Metadata(resource)).AddMetadataHandler(handler);
    }

    private Informer<T> Add<T>((ResourceType, bool)? key, Informer<T> informer) where T : class
    {
        if (key is { } known) informers[known] = informer;
        pending.Add((informer.RunAsync, informer.Synced));
        return informer;
    }

    /// <summary>Starts every informer that is not running yet and completes when all, those that others have started too, have listed once.</summary>
    public async Task StartAsync(CancellationToken cancel)
    {
        List<Task> synced;
        lock (gate)
        {
            started.AddRange(pending.Select(p => p.Synced));
            started.RemoveAll(static s => s.IsCompletedSuccessfully);
            synced = [.. started];
            foreach (var (run, _) in pending) running.Add(Task.Run(() => run(cancel), CancellationToken.None));
            pending.Clear();
        }
        await Task.WhenAll(synced).WaitAsync(cancel);
    }

    /// <summary>Completes when all informers have ended after the cancellation of <see cref="StartAsync"/>.</summary>
    public Task StoppedAsync()
    {
        lock (gate) return Task.WhenAll(running);
    }
}
