using Gureum.Commands;

namespace Gureum.VirtualMachines;

/// <summary>
/// The words of `gureum vm ssh`, taken as ssh takes its own: options stand before the target, and what follows the target is the command, dashes and
/// all (a parser of options would take the `-n` of `head -n 1` for its own). Immutable.
/// </summary>
/// <param name="User">Null: ssh's own choice.</param>
/// <param name="Machine">The machine's name.</param>
/// <param name="Command">What to run there; empty for a shell.</param>
/// <param name="Identity">A private key's file.</param>
/// <param name="Port">ssh's port in the guest.</param>
internal sealed record SshRequest(string? User, string Machine, IReadOnlyList<string> Command, string? Identity, int Port, string? Namespace, string? DataDirectory, string? Kubeconfig)
{
    private const int DefaultPort = 22;

    /// <exception cref="CommandFailure">An option is not known or lacks its value, or there is no target.</exception>
    internal static SshRequest Parse(IReadOnlyList<string> words)
    {
        string? identity = null, ns = null, data = null, kubeconfig = null;
        int port = DefaultPort, at = 0;
        while (at < words.Count && words[at].StartsWith('-'))
        {
            string word = words[at++];
            if (word == "--") break;
            int equals = word.StartsWith("--", StringComparison.Ordinal) ? word.IndexOf('=') : -1;
            string option = equals > 0 ? word[..equals] : word;
            string value = equals > 0 ? word[(equals + 1)..] : at < words.Count ? words[at++] : throw new CommandFailure($"{option} needs a value");
            switch (option)
            {
                case "-i" or "--identity-file": identity = value; break;
                case "-n" or "--namespace": ns = value; break;
                case "--data-dir": data = value; break;
                case "--kubeconfig": kubeconfig = value; break;
                case "-p" or "--port": port = int.TryParse(value, out int number) && number is > 0 and < 65536 ? number : throw new CommandFailure($"{option} {value}: give a number between 1 and 65535"); break;
                default: throw new CommandFailure($"{option}: `gureum vm ssh` takes -n, -i, -p, --data-dir and --kubeconfig before the machine's name, and the command after it");
            }
        }

        if (at == words.Count) throw new CommandFailure("name a machine: gureum vm ssh [user@]NAME [command…]");
        string target = words[at++];
        int sign = target.LastIndexOf('@');
        string name = target[(sign + 1)..];
        if (name.Length == 0) throw new CommandFailure($"{target}: name a machine after the @");
        // ssh would take such a word for an option.
        if (sign == 0 || name.StartsWith('-')) throw new CommandFailure($"{target}: give [user@]NAME");
        return new SshRequest(sign > 0 ? target[..sign] : null, name, [.. words.Skip(at)], identity, port, ns, data, kubeconfig);
    }

    /// <summary>The arguments of the system's ssh.</summary>
    /// <param name="proxy">The program and arguments that reach the guest's port on standard input and output.</param>
    /// <param name="hostKey">What the guest's host key is remembered by.</param>
    /// <param name="knownHosts">Where it is remembered.</param>
    internal IReadOnlyList<string> Arguments(IReadOnlyList<string> proxy, string hostKey, string knownHosts, string ns)
    {
        List<string> arguments =
        [
            "-o", "ProxyCommand=" + string.Join(' ', proxy.Select(Quote)), "-o", "HostKeyAlias=" + hostKey, "-o", $"UserKnownHostsFile=\"{knownHosts.Replace("%", "%%", StringComparison.Ordinal)}\"", "-o", "StrictHostKeyChecking=accept-new",
            // The way there is authenticated already; an address that is not one would only be looked up.
            "-o", "CheckHostIP=no",
        ];
        if (Identity is not null) arguments.AddRange(["-i", Identity]);
        if (User is not null) arguments.AddRange(["-l", User]);
        arguments.AddRange(["--", $"{Machine}.{ns}"]);
        arguments.AddRange(Command);
        return arguments;
    }

    // ssh replaces %x, then gives the line to a shell.
    private static string Quote(string word) => $"'{word.Replace("'", "'\\''", StringComparison.Ordinal).Replace("%", "%%", StringComparison.Ordinal)}'";
}
