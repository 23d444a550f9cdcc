using Gureum.Client;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;
using Gureum.Objects.Selectors;

namespace Gureum.Controllers.Common;

/// <summary>What an owner does about an object that it may manage.</summary>
public enum Claim { Ignore, Keep, Adopt, Release }

/// <summary>Takes matching orphans into an owner's care and lets go of objects that no longer match its selector.</summary>
public static class Claims
{
    /// <summary>The rule alone, without acting on it.</summary>
    public static Claim Judge(ObjectMeta candidate, ObjectMeta owner, bool matches)
    {
        if (Owners.Controller(candidate) is { } controller)
        {
            if (controller.Uid != owner.Uid) return Claim.Ignore;
            if (matches) return Claim.Keep;
            return owner.DeletionTimestamp is null && candidate.DeletionTimestamp is null ? Claim.Release : Claim.Ignore;
        }
        return matches && owner.DeletionTimestamp is null && candidate.DeletionTimestamp is null ? Claim.Adopt : Claim.Ignore;
    }

    /// <summary>The candidates that the owner manages after adopting and releasing; conflicts are left to the next round.</summary>
    /// <exception cref="ApiException">The server refused a change for another reason than that the object has gone or changed.</exception>
    public static async Task<List<T>> ApplyAsync<T, TOwner>(ApiClient client, TOwner owner, Selector selector, Informer<T> informer, CancellationToken cancel)
        where T : class, IKubeObject<T> where TOwner : class, IKubeObject<TOwner>
    {
        var claimed = new List<T>();
        var ownerAlive = false;
        foreach (var candidate in informer.ByIndex(Owners.ByController, owner.Uid()))
        {
            switch (Judge(candidate.Metadata, owner.Metadata, selector.Matches(candidate.Metadata.Labels)))
            {
                case Claim.Keep: claimed.Add(candidate); break;
                case Claim.Release: await ReleaseAsync(client, candidate, owner, cancel); break;
                default: break;
            }
        }
        foreach (var candidate in informer.ByIndex(Owners.Orphans, owner.Ns()))
        {
            if (Judge(candidate.Metadata, owner.Metadata, selector.Matches(candidate.Metadata.Labels)) != Claim.Adopt) continue;
            // The local copy may not know yet that the owner is going: an adopted object would then die with it.
            if (!ownerAlive && !await IsAliveAsync(client, owner, cancel)) return claimed;
            ownerAlive = true;
            if (await AdoptAsync(client, candidate, owner, cancel) is { } adopted) claimed.Add(adopted);
        }
        return claimed;
    }

    private static async Task<bool> IsAliveAsync<TOwner>(ApiClient client, TOwner owner, CancellationToken cancel) where TOwner : class, IKubeObject<TOwner> =>
        await client.FindAsync<TOwner>(owner.Ns(), owner.Name(), cancel) is { } live && live.Uid() == owner.Uid() && !live.IsDeleting();

    private static Task<T?> AdoptAsync<T>(ApiClient client, T candidate, IKubeObject owner, CancellationToken cancel) where T : class, IKubeObject<T> =>
        WriteOwnersAsync(client, candidate, [.. candidate.Metadata.OwnerReferences.Where(o => o.Uid != owner.Uid()), Owners.ReferenceTo(owner)], cancel);

    private static Task ReleaseAsync<T>(ApiClient client, T candidate, IKubeObject owner, CancellationToken cancel) where T : class, IKubeObject<T> =>
        WriteOwnersAsync(client, candidate, [.. candidate.Metadata.OwnerReferences.Where(o => o.Uid != owner.Uid())], cancel);

    // The resourceVersion makes it a compare-and-swap: two owners never both win.
    private static async Task<T?> WriteOwnersAsync<T>(ApiClient client, T value, IReadOnlyList<OwnerReference> owners, CancellationToken cancel) where T : class, IKubeObject<T>
    {
        var patch = MergePatches.Build(writer =>
        {
            writer.WriteStartObject("metadata"u8);
            writer.WriteString("uid"u8, value.Uid());
            writer.WriteString("resourceVersion"u8, value.Metadata.ResourceVersion);
            writer.WriteStartArray("ownerReferences"u8);
            foreach (var owner in owners) owner.Write(writer);
            writer.WriteEndArray();
            writer.WriteEndObject();
        });
        try { return await client.PatchAsync<T>(value.Ns(), value.Name(), PatchType.Merge, patch, cancel: cancel); }
        catch (ApiException e) when (e.IsNotFound || e.IsConflict) { return null; }
    }
}
