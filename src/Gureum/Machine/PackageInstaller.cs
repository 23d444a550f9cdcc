using Gureum.Commands;

namespace Gureum.Machine;

/// <summary>Installs OS packages with apt, without starting the services that some of them bring.</summary>
internal static class PackageInstaller
{
    // invoke-rc.d(8) asks this program before it starts a service; 101 forbids it.
    private const string Policy = "/usr/sbin/policy-rc.d";

    private static readonly Dictionary<string, string> Quiet = new() { ["DEBIAN_FRONTEND"] = "noninteractive", ["LC_ALL"] = "C.UTF-8", ["NEEDRESTART_MODE"] = "l" };

    /// <summary>The line that a user would type to install the packages.</summary>
    internal static string Line(IEnumerable<OsPackage> packages) => "apt-get install -y --no-install-recommends " + string.Join(' ', packages.Select(p => p.Name));

    /// <summary>Installs what is missing; names it first.</summary>
    /// <exception cref="CommandFailure">apt is not there or failed; the message has its last error and what to do.</exception>
    internal static async Task InstallAsync(IReadOnlyList<OsPackage> missing, Progress progress, CancellationToken cancel)
    {
        if (missing.Count == 0) return;
        progress.Say($"installing {string.Join(", ", missing.Select(p => $"{p.Name} (for {p.For})"))}");
        if (!File.Exists("/usr/bin/apt-get"))
            throw new CommandFailure($"this machine lacks {string.Join(", ", missing.Select(p => p.Provides))} and has no apt-get to install them: install them with its package manager, then run this again");
        await progress.RunAsync("installing OS packages", async say =>
        {
            using var quiet = new ServicesStayOff();
            string[] install = ["-o", "DPkg::Lock::Timeout=120", "install", "-y", "--no-install-recommends", .. missing.Select(p => p.Name)];
            ProgramResult result = await Subprocess.RunAsync("apt-get", install, cancel, Quiet, say);
            if (result.ExitCode != 0)
            {
                // The lists may be missing (fresh images) or out of date: refresh them and try once more.
                await Subprocess.RunAsync("apt-get", ["-o", "DPkg::Lock::Timeout=120", "update"], cancel, Quiet, say);
                result = await Subprocess.RunAsync("apt-get", install, cancel, Quiet, say);
            }

            if (result.ExitCode != 0) throw new CommandFailure($"apt-get could not install {string.Join(' ', missing.Select(p => p.Name))}: {LastError(result)}; mend that, or install them by hand: {Line(missing)}");
            return 0;
        });
    }

    private static string LastError(ProgramResult result) =>
        result.Errors.Split('\n').LastOrDefault(l => l.StartsWith("E:", StringComparison.Ordinal)) ?? result.Errors.Trim().Split('\n')[^1];

    /// <summary>Forbids package scripts to start services, and puts the machine's own policy back at the end.</summary>
    private sealed class ServicesStayOff : IDisposable
    {
        private const string Mine = "#!/bin/sh\n# Put here by gureum for the time of an installation.\nexit 101\n", Kept = Policy + ".gureum-kept";

        internal ServicesStayOff()
        {
            // A kept file is there already when an earlier installation was killed: it is the machine's own.
            if (File.Exists(Policy) && File.ReadAllText(Policy) != Mine) File.Move(Policy, Kept, overwrite: true);
            File.WriteAllText(Policy, Mine);
            File.SetUnixFileMode(Policy, (UnixFileMode)0b111_101_101);
        }

        public void Dispose()
        {
            File.Delete(Policy);
            if (File.Exists(Kept)) File.Move(Kept, Policy);
        }
    }
}
