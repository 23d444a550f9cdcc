using System.CommandLine;
using Gureum.Machine;
using Gureum.Running;

namespace Gureum.Commands;

/// <summary><c>gureum kubectl …</c>: the machine's kubectl with the cloud's credentials.</summary>
internal static class KubectlCommand
{
    internal static Command Create()
    {
        Option<string> data = CommonOptions.DataDirectory();
        var words = new Argument<string[]>("arguments") { Description = "Passed to kubectl as they are.", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("kubectl", "Runs kubectl against this cloud (options of gureum come first).") { data, words };
        command.TreatUnmatchedTokensAsErrors = false;
        command.Runs(async (parsed, cancel) =>
        {
            string directory = CommonOptions.Resolve(parsed.GetValue(data)!);
            var options = ClusterOptions.Load(directory);
            if (options is null || !File.Exists(options.AdminKubeconfig)) throw new CommandFailure($"there is no cloud in {directory}, or its kubeconfig cannot be read: `gureum up --data-dir {directory}` makes one");
            if (PackageList.Missing([PackageList.Kubectl]) is { Count: > 0 } missing)
            {
                if (!Environment.IsPrivilegedProcess) throw new CommandFailure($"kubectl is not installed; as root: {PackageInstaller.Line(missing)}");
                await PackageInstaller.InstallAsync(missing, new Progress(), cancel);
            }

            return await Subprocess.RunAttachedAsync("kubectl", Arguments(Environment.GetCommandLineArgs()), new Dictionary<string, string> { ["KUBECONFIG"] = options.AdminKubeconfig });
        });
        return command;
    }

    /// <summary>What follows `kubectl` on the command line, word by word (a parser would eat `--`), less gureum's own option in front.</summary>
    internal static IReadOnlyList<string> Arguments(IReadOnlyList<string> commandLine)
    {
        List<string> words = [.. commandLine.SkipWhile(w => w != "kubectl").Skip(1)];
        if (words is ["--data-dir", _, ..]) words.RemoveRange(0, 2);
        else if (words.Count > 0 && words[0].StartsWith("--data-dir=", StringComparison.Ordinal)) words.RemoveAt(0);
        return words;
    }
}
