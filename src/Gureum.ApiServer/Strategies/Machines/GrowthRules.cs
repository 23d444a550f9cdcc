using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies.Machines;

/// <summary>
/// How far a guest may grow while it runs, and what of that may be asked of one that does (https://kubevirt.io/user-guide/compute/cpu_hotplug/,
/// …/memory_hotplug/).
/// </summary>
internal static class GrowthRules
{
    // KubeVirt's maxHotplugRatio. More processors than q35 addresses without an IOMMU need other hardware.
    private const long Ratio = 4, MostProcessors = 240;
    private const long Alignment = 2L << 20, LeastMemory = 1L << 30;

    /// <summary>What an instance may grow to that says nothing of it: four times its size.</summary>
    internal static void Default(JsonObject spec)
    {
        if (spec.Child("domain") is not { } domain) return;
        if (domain.Child("cpu") is { } cpu && new[] { "sockets", "cores", "threads" }.Any(n => cpu.Number(n) is > 0) && cpu.Number("maxSockets") is null or 0)
        {
            var (sockets, each) = (Count(cpu, "sockets"), Count(cpu, "cores") * Count(cpu, "threads"));
            cpu["sockets"] = sockets;
            cpu["maxSockets"] = Math.Max(sockets, Math.Min(sockets * Ratio, MostProcessors / each));
        }
        if (Amount(domain, "guest") is { } guest && Amount(domain, "maxGuest") is null && Refusal(guest, guest * Ratio) is null) domain.Child("memory")!["maxGuest"] = Quantity.FromBytes(guest * Ratio).ToString();
    }

    internal static void Validate(JsonObject domain, string path, FieldErrors errors)
    {
        if (Amount(domain, "maxGuest") is not { } most) return;
        if (Amount(domain, "guest") is not { } guest) errors.Invalid($"{path}.memory.maxGuest", domain.At("memory", "maxGuest"), "Guest memory must be configured when memory hotplug is enabled");
        else if (Refusal(guest, most) is { } refusal) errors.Invalid($"{path}.memory.guest", domain.At("memory", "guest"), refusal);
    }

    /// <summary>What is asked of a running guest: more sockets and memory up to its maximum, never less memory than it started with.</summary>
    internal static void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors)
    {
        var (now, before) = (value.Child("spec")?.Child("domain") ?? [], old.Child("spec")?.Child("domain") ?? []);
        var (cpu, had) = (now.Child("cpu") ?? [], before.Child("cpu") ?? []);
        if (cpu.Number("sockets") < had.Number("sockets")) errors.Forbidden("spec.domain.cpu.sockets", "Reduction of CPU socket count requires a restart");
        if (Amount(now, "guest") is not { } guest || guest == Amount(before, "guest")) return;
        if (Amount(before, "maxGuest") is null) errors.Forbidden("spec.domain.memory.guest", "Memory-hotplug is not available for this VM configuration");
        if (old.At("status", "memory", "guestAtBoot") is JsonValue booted && booted.TryGetValue<string>(out var text) && Quantity.TryParse(text, out var least) && guest < least.Whole) errors.Forbidden("spec.domain.memory.guest", $"the guest started with {text}, which it cannot do without while it runs");
    }

    /// <summary>Why memory cannot grow from one size to another; null when it can.</summary>
    private static string? Refusal(long guest, long most) =>
        guest > most ? "Guest memory is greater than the configured maxGuest memory"
        : guest % Alignment != 0 ? "Guest memory must be 2Mi aligned"
        : most % Alignment != 0 ? "MaxGuest must be 2Mi aligned"
        : guest < LeastMemory ? "Memory hotplug is only available for VMs with at least 1Gi of guest memory" : null;

    private static long Count(JsonObject cpu, string name) => cpu.Number(name) is > 0 and var count ? count : 1;

    private static long? Amount(JsonObject domain, string name) => domain.At("memory", name) is JsonValue value && value.TryGetValue<string>(out var text) && Quantity.TryParse(text, out var amount) ? amount.Whole : null;
}
