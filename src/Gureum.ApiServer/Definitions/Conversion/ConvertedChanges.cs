using System.Threading.Channels;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Registry;
using Gureum.ApiServer.State;
using Gureum.Client;

namespace Gureum.ApiServer.Definitions.Conversion;

/// <summary>
/// The changes of one watcher with their objects in the version that is watched. When they cannot be converted the watch ends, and
/// its client, coming again, is told why.
/// </summary>
internal sealed class ConvertedChanges : IDisposable
{
    // Few: what waits longer waits at the watcher, which is cut off when it falls too far behind.
    private const int MostWaiting = 64;

    private readonly Channel<StateChange> output = Channel.CreateBounded<StateChange>(new BoundedChannelOptions(MostWaiting) { SingleReader = true, SingleWriter = true });
    private readonly CancellationTokenSource stop = new();

    internal ConvertedChanges(Resource resource, Watcher watcher) => _ = Task.Run(() => RunAsync(resource, watcher, stop.Token));

    public ChannelReader<StateChange> Reader => output.Reader;

    private async Task RunAsync(Resource resource, Watcher watcher, CancellationToken cancel)
    {
        try
        {
            while (await watcher.Changes.WaitToReadAsync(cancel))
            {
                var changes = new List<StateChange>();
                while (changes.Count < MostWaiting && watcher.Changes.TryRead(out var change)) changes.Add(change);
                foreach (var change in await ConvertAsync(resource, changes, cancel)) await output.Writer.WriteAsync(change, cancel);
            }
        }
        catch (OperationCanceledException) { /* the watch is over */ }
        catch (ApiError e) { Log.Current.Error("definitions", $"a watch of {resource.Type.ApiVersion} {resource.Type.Plural} ends", e); }
        finally { output.Writer.TryComplete(); }
    }

    internal static async ValueTask<IReadOnlyList<StateChange>> ConvertAsync(Resource resource, IReadOnlyList<StateChange> changes, CancellationToken cancel)
    {
        var shown = await ObjectRegistry.ShowAsync(resource, [.. changes.SelectMany(c => (IEnumerable<StoredObject?>)[c.Current, c.Previous]).OfType<StoredObject>()], cancel);
        var at = 0;
        return [.. changes.Select(c => new StateChange(c.Revision, c.Key, c.Current is null ? null : shown[at++], c.Previous is null ? null : shown[at++]))];
    }

    public void Dispose()
    {
        stop.Cancel();
        stop.Dispose();
    }
}
