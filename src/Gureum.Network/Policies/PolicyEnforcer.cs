using Gureum.Network.Nftables;

namespace Gureum.Network.Policies;

/// <summary>
/// Keeps one node's nftables in step with the cluster's policies. Thread-safe state. The rules stay when the process ends, and the next
/// <see cref="Replace"/> takes over in one transaction. Connections that exist go on until they end, whatever a new policy says.
/// </summary>
public sealed class PolicyEnforcer(PolicyOptions options, INft? nft = null)
{
    private readonly Lock one = new();
    private readonly INft nft = nft ?? new Nft(options.Namespace);
    private PolicyBook book = new(options);
    private bool whole; // whether the kernel's table is known to be what the book says

    /// <summary>Makes the tables show exactly this, whatever they showed before.</summary>
    /// <param name="all">Every policy, pod and namespace, as new.</param>
    /// <exception cref="NftException">nftables refused; the tables are as they were, and the next change tries again as a whole.</exception>
    public void Replace(PolicyChange all)
    {
        lock (one)
        {
            book = new PolicyBook(options);
            book.Change(all);
            WriteWhole();
        }
    }

    /// <summary>Applies what changed in one transaction that names nothing else. When it returns, packets are judged by it.</summary>
    /// <exception cref="NftException">nftables refused the change, and the whole table as well; the next change tries again.</exception>
    public void Apply(PolicyChange change)
    {
        lock (one)
        {
            var commands = book.Change(change);
            if (!whole) { WriteWhole(); return; }
            try { nft.Apply(commands); }
            catch (NftException) { WriteWhole(); } // someone else changed our table; it becomes ours again
        }
    }

    /// <summary>Removes the tables: nothing is judged any more.</summary>
    public void Teardown()
    {
        lock (one)
        {
            nft.Apply(PolicyTable.Delete(options));
            (book, whole) = (new PolicyBook(options), false);
        }
    }

    private void WriteWhole()
    {
        whole = false;
        nft.Apply(book.Everything());
        whole = true;
    }
}
