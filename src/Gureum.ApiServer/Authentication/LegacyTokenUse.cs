using System.Collections.Concurrent;
using System.Globalization;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Registry;
using Gureum.ApiServer.State;
using Gureum.Client;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Authentication;

/// <summary>Notes on Secrets the day on which their token was last used, once a day. Thread-safe.</summary>
internal sealed class LegacyTokenUse(ObjectRegistry registry, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, byte> noting = new(StringComparer.Ordinal);

    internal void Used(StoredObject secret)
    {
        var today = time.GetUtcNow().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        // Another server may be a day ahead.
        if (secret.Labels.GetValueOrDefault(LegacyTokens.LastUsed) is { } noted && string.CompareOrdinal(noted, today) >= 0) return;
        if (noting.TryAdd(secret.Key, 0)) _ = Task.Run(() => NoteAsync(secret, today));
    }

    private async Task NoteAsync(StoredObject secret, string today)
    {
        try
        {
            await registry.UpdateAsync(new UpdateRequest(registry.Catalog.Find("v1", "secrets")!, secret.Key.Split('/')[^2], secret.Name, current =>
            {
                current.Need("metadata").Need("labels")[LegacyTokens.LastUsed] = today;
                return current;
            }), new WriteOptions(UserInfo.ApiServer) { FieldManager = "gureum-apiserver" });
        }
        catch (ApiError e) { Log.Current.Debug("authentication", $"{secret.Key}: {e.Message}"); }
        finally { noting.TryRemove(secret.Key, out _); }
    }
}
