namespace Gureum.Comparing;

/// <summary>What was seen of one of the two. Immutable.</summary>
/// <param name="System">The operating system that it has for itself; null when it has none.</param>
/// <param name="Kernel">The kernel's release, as it is seen in there.</param>
/// <param name="OwnKernel">Whether that kernel was booted for it: it has another boot's id than this machine.</param>
/// <param name="Program">What the web server calls itself.</param>
/// <param name="ImageBytes">What its image takes on the node.</param>
/// <param name="Start">From the request to make it to the first answer by HTTP.</param>
/// <param name="Stop">From the request to delete it, with a grace period of 30 seconds, until nothing is left of it in the API.</param>
internal sealed record Measured(Subject Subject, string? System, string Kernel, bool OwnKernel, string Program, long ImageBytes, TimeSpan Start, TimeSpan Stop, HostProcesses Processes);

/// <summary>Both, and what virtual machines are run by here: "kvm" or "tcg". Immutable.</summary>
internal sealed record ComparisonResult(Measured Container, Measured Machine, string Accelerator);
