using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Objects.Discovery.V1;

namespace Gureum.Controllers.EndpointSlices;

/// <summary>Carries out changes of slices, and notes what the informer is still to show of them.</summary>
internal sealed class SliceWriter(ApiClient client, Expectations expectations)
{
    internal async Task WriteAsync(ObjectKey key, SliceChanges changes, CancellationToken cancel)
    {
        foreach (var slice in changes.Create)
        {
            expectations.ExpectCreations(key, 1);
            try { await client.CreateAsync(slice, cancel); }
            catch (ApiException e)
            {
                expectations.Created(key);
                if (e.Status.IsNamespaceTerminating()) return;
                throw;
            }
        }
        foreach (var slice in changes.Update) await client.UpdateAsync(slice, cancel);
        foreach (var slice in changes.Delete)
        {
            expectations.ExpectDeletion(key, slice.Uid());
            try { await client.DeleteAsync<EndpointSlice>(slice.Ns(), slice.Name(), cancel: cancel); }
            catch (ApiException e)
            {
                expectations.Deleted(key, slice.Uid());
                if (!e.IsNotFound) throw;
            }
        }
    }
}
