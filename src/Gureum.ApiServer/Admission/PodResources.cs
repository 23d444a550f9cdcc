using System.Text.Json.Nodes;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Admission;

/// <summary>
/// What a pod takes up in all: its containers and sidecars together, or the largest init container where that is more, and
/// its overhead (https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers).
/// </summary>
internal static class PodResources
{
    /// <param name="list">"requests" or "limits".</param>
    internal static Dictionary<string, Quantity> Of(JsonObject pod, string list)
    {
        var spec = pod.Child("spec") ?? [];
        var total = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        foreach (var container in spec.Objects("containers")) Add(total, Amounts(container.Child("resources")?.Child(list)));
        // Sidecars stay beside what starts after them.
        var (sidecars, largest) = (new Dictionary<string, Quantity>(StringComparer.Ordinal), new Dictionary<string, Quantity>(StringComparer.Ordinal));
        foreach (var container in spec.Objects("initContainers"))
        {
            var amounts = Amounts(container.Child("resources")?.Child(list));
            if (container.Text("restartPolicy") == "Always") { Add(sidecars, amounts); Raise(largest, sidecars); continue; }
            var now = new Dictionary<string, Quantity>(sidecars, StringComparer.Ordinal);
            Add(now, amounts);
            Raise(largest, now);
        }
        Add(total, sidecars);
        Raise(total, largest);
        foreach (var (name, amount) in Amounts(spec.Child("resources")?.Child(list))) total[name] = amount;
        var overhead = Amounts(spec.Child("overhead"));
        if (list == "requests") Add(total, overhead);
        else foreach (var (name, amount) in overhead) if (total.TryGetValue(name, out var limit)) total[name] = limit + amount;
        return total;
    }

    internal static Dictionary<string, Quantity> Amounts(JsonObject? map)
    {
        var amounts = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        foreach (var (name, value) in map ?? [])
            if (value is JsonValue scalar && scalar.TryGetValue<string>(out var text) && Quantity.TryParse(text, out var amount)) amounts[name] = amount;
        return amounts;
    }

    internal static void Add(Dictionary<string, Quantity> total, IReadOnlyDictionary<string, Quantity> more)
    {
        foreach (var (name, amount) in more) total[name] = total.TryGetValue(name, out var present) ? present + amount : amount;
    }

    private static void Raise(Dictionary<string, Quantity> total, Dictionary<string, Quantity> least)
    {
        foreach (var (name, amount) in least) if (!total.TryGetValue(name, out var present) || present < amount) total[name] = amount;
    }
}
