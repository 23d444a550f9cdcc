using Gureum.Client;
using Gureum.Objects.Models;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Networking;

/// <summary>Deletions of what may be gone already.</summary>
internal static class Ends
{
    internal static async Task GoneAsync<T>(Collection<T> objects, ApiClient client, T value, CancellationToken cancel) where T : class, IKubeObject<T>
    {
        try { await objects.DeleteAsync(client, value, cancel); }
        catch (ApiException e) when (e.IsNotFound) { /* somebody else was first */ }
    }
}
