using System.CommandLine;
using System.Text.Json.Nodes;
using Gureum.Machine;
using Gureum.Objects.Json;
using Gureum.VirtualMachines;

namespace Gureum.Commands.Vm;

/// <summary><c>gureum vm ssh</c>: the system's ssh, its connection carried by the API.</summary>
internal static class VmSshCommand
{
    internal static Command Create()
    {
        // No options of its own: what stands behind the target is the guest's business.
        var words = new Argument<string[]>("arguments") { HelpName = "[-n namespace] [-i key] [-p port] [--data-dir dir] [--kubeconfig file] [user@]name [command…]", Description = "As ssh takes them.", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("ssh", "Runs ssh into a guest: no address of it need be reachable from here.") { words };
        command.TreatUnmatchedTokensAsErrors = false;
        command.Runs(async (parsed, cancel) =>
        {
            SshRequest request = SshRequest.Parse(Words(Environment.GetCommandLineArgs()));
            string kubeconfig = VmOptions.FileOf(request.DataDirectory, request.Kubeconfig), program = Environment.ProcessPath ?? throw new CommandFailure("cannot find this program's own file below /proc/self/exe: is /proc mounted?");
            using MachineClient machines = VmOptions.Open(kubeconfig, request.Namespace);
            JsonObject instance = await machines.GetAsync(request.Machine, cancel);
            string home = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify), ".ssh");
            if (!Directory.Exists(home)) Directory.CreateDirectory(home, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            // A guest made anew has new keys, and says so by its uid; the same guest with other keys is refused.
            string hostKey = $"{request.Machine}.{machines.Namespace}.{instance.Child("metadata")?.Text("uid")}";
            string[] proxy = [program, "vm", "port-forward", "--stdio", "--kubeconfig", kubeconfig, "-n", machines.Namespace, request.Machine, request.Port.ToString(System.Globalization.CultureInfo.InvariantCulture)];
            return await Subprocess.RunAttachedAsync("ssh", request.Arguments(proxy, hostKey, Path.Combine(home, "gureum_known_hosts"), machines.Namespace), new Dictionary<string, string>());
        });
        return command;
    }

    /// <summary>What follows `vm ssh` on the command line, word by word.</summary>
    internal static IReadOnlyList<string> Words(IReadOnlyList<string> commandLine) => [.. commandLine.SkipWhile(w => w != "vm").SkipWhile(w => w != "ssh").Skip(1)];
}
