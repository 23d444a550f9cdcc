using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;

namespace Gureum.Network.Dns;

/// <summary>An <see cref="IDnsSource"/> that is told of every change. Thread-safe; readers never wait for writers.</summary>
public sealed class DnsTable : IDnsSource
{
    private readonly Lock _writers = new();
    private readonly ConcurrentDictionary<string, bool> _namespaces = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string, string), DnsService> _services = new();
    private readonly ConcurrentDictionary<IPAddress, ImmutableSortedSet<string>> _names = new();

    /// <inheritdoc/>
    public bool HasNamespace(string name) => _namespaces.ContainsKey(name);

    /// <inheritdoc/>
    public DnsService? FindService(string @namespace, string name) => _services.GetValueOrDefault((@namespace, name));

    /// <inheritdoc/>
    public IReadOnlyList<string> FindNames(IPAddress address) => _names.GetValueOrDefault(address, ImmutableSortedSet<string>.Empty);

    /// <summary>Says that a namespace exists.</summary>
    public void AddNamespace(string name) => _namespaces[name] = true;

    /// <summary>Says that a namespace is gone.</summary>
    public void RemoveNamespace(string name) => _namespaces.TryRemove(name, out _);

    /// <summary>Sets a Service's names in place of what was known of it.</summary>
    public void Set(DnsService service)
    {
        lock (_writers)
        {
            Forget(service.Namespace, service.Name);
            _services[(service.Namespace, service.Name)] = service;
            foreach (var (address, name) in Reverse(service))
                _names[address] = _names.GetValueOrDefault(address, ImmutableSortedSet.Create<string>(StringComparer.Ordinal)).Add(name);
        }
    }

    /// <summary>Forgets a Service; one that is not known is fine.</summary>
    public void Remove(string @namespace, string name)
    {
        lock (_writers) Forget(@namespace, name);
    }

    private void Forget(string @namespace, string name)
    {
        if (!_services.TryRemove((@namespace, name), out var old)) return;
        foreach (var (address, owner) in Reverse(old))
        {
            var left = _names.GetValueOrDefault(address, ImmutableSortedSet<string>.Empty).Remove(owner);
            if (left.IsEmpty) _names.TryRemove(address, out _);
            else _names[address] = left;
        }
    }

    private static IEnumerable<(IPAddress, string)> Reverse(DnsService service) =>
        service.ClusterAddresses.Select(a => (a, service.Domain)).Concat(service.Endpoints.Select(e => (e.Address, $"{e.Label}.{service.Domain}")));
}
