using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Text.Json;

namespace Gureum.Network.Pods;

/// <summary>
/// The leases of a node: one small file for each address, so that a crash at any instant leaves either the whole lease
/// or none. Not thread-safe; <see cref="PodNetwork"/> guards it.
/// </summary>
internal sealed class LeaseStore
{
    private readonly IPNetwork _range;
    private readonly string _directory;
    private readonly Dictionary<(string, string), PodLease> _byOwner = [];
    private readonly Dictionary<IPAddress, PodLease> _byAddress = [];
    private HashSet<IPAddress> _elsewhere = [];
    private uint _last; // the offset handed out last: addresses are reused as late as possible, peers may still remember them

    /// <summary>Reads what an earlier run left.</summary>
    /// <exception cref="PodNetworkException">A file is not readable as a lease.</exception>
    internal LeaseStore(IPNetwork range, string directory)
    {
        (_range, _directory) = (range, directory);
        Directory.CreateDirectory(directory);
        if (File.Exists(ElsewhereFile)) _elsewhere = [.. File.ReadLines(ElsewhereFile).Select(l => IPAddress.TryParse(l, out var a) ? a : null).OfType<IPAddress>()];
        foreach (var path in Directory.EnumerateFiles(directory))
        {
            if (path.EndsWith(".new", StringComparison.Ordinal))
            {
                File.Delete(path); // a write that a crash cut short: nobody was told of it
                continue;
            }
            var lease = Read(path);
            _byOwner[lease.Key] = lease;
            _byAddress[lease.Address] = lease;
            if (range.Contains(lease.Address))
                _last = Math.Max(_last, Ipv4Math.Number(lease.Address) - Ipv4Math.Number(range.BaseAddress));
        }
    }

    internal IReadOnlyCollection<PodLease> All => _byOwner.Values;

    internal bool TryGet((string, string) key, [NotNullWhen(true)] out PodLease? lease) => _byOwner.TryGetValue(key, out lease);

    internal PodLease? At(IPAddress address) => _byAddress.GetValueOrDefault(address);

    /// <exception cref="PodNetworkException">No address is free.</exception>
    internal IPAddress PickFree()
    {
        var usable = Ipv4Math.Size(_range) - 3; // without network, gateway and broadcast
        for (uint step = 0; step < usable; step++)
        {
            var offset = 2 + (Math.Max(_last, 1) - 1 + step) % usable;
            var address = Ipv4Math.At(_range, offset);
            if (_byAddress.ContainsKey(address) || _elsewhere.Contains(address)) continue;
            _last = offset;
            return address;
        }
        throw new PodNetworkException($"all {usable} pod addresses of {_range} are leased; delete pods or give the node a larger podCIDR");
    }

    /// <summary>Addresses of the range that nobody gets, since their workloads moved to other nodes.</summary>
    internal void SetElsewhere(IReadOnlyCollection<IPAddress> addresses)
    {
        var wanted = addresses.Where(_range.Contains).ToHashSet();
        if (wanted.SetEquals(_elsewhere)) return;
        File.WriteAllLines(ElsewhereFile + ".new", wanted.Select(a => a.ToString()));
        File.Move(ElsewhereFile + ".new", ElsewhereFile, overwrite: true);
        _elsewhere = wanted;
    }

    private string ElsewhereFile => _directory + "-elsewhere";

    /// <summary>Makes the lease durable, then known.</summary>
    internal void Put(PodLease lease)
    {
        var path = PathOf(lease.Address);
        using (var file = new FileStream(path + ".new", FileMode.Create, FileAccess.Write))
        {
            file.Write(PodLeaseFile.Write(lease));
            file.Flush(flushToDisk: true);
        }
        File.Move(path + ".new", path, overwrite: true);
        _byOwner[lease.Key] = lease;
        _byAddress[lease.Address] = lease;
    }

    internal void Remove(PodLease lease)
    {
        File.Delete(PathOf(lease.Address));
        _byOwner.Remove(lease.Key);
        _byAddress.Remove(lease.Address);
    }

    private string PathOf(IPAddress address) => Path.Combine(_directory, address.ToString().Replace(':', '-'));

    private static PodLease Read(string path)
    {
        try { return PodLeaseFile.Read(File.ReadAllBytes(path)); }
        catch (Exception e) when (e is JsonException or FormatException or ArgumentException)
        {
            throw new PodNetworkException($"{path} is not a lease ({e.Message}); if its pod is gone, delete the file", e);
        }
    }
}
