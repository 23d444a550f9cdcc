using System.CommandLine;
using Gureum.Running;
using Gureum.Starting;
using Gureum.VirtualMachines;

namespace Gureum.Commands.Vm;

/// <summary>Which cloud and which namespace a command on virtual machines means.</summary>
internal sealed record VmOptions(Option<string> DataDirectory, Option<string?> Kubeconfig, Option<string?> Namespace)
{
    internal static VmOptions Create() => new(
        CommonOptions.DataDirectory(),
        new Option<string?>("--kubeconfig") { Description = "Credentials to use in place of the data directory's.", HelpName = "file" },
        new Option<string?>("--namespace", "-n") { Description = "The namespace (that of the kubeconfig's context, else default).", HelpName = "name" });

    internal void AddTo(Command command)
    {
        command.Options.Add(DataDirectory);
        command.Options.Add(Kubeconfig);
        command.Options.Add(Namespace);
    }

    internal MachineClient Open(ParseResult parsed) => Open(FileOf(parsed.GetResult(DataDirectory) is { Implicit: false } ? parsed.GetValue(DataDirectory) : null, parsed.GetValue(Kubeconfig)), parsed.GetValue(Namespace));

    internal static MachineClient Open(string kubeconfig, string? ns)
    {
        ApiConnection api = ApiConnection.Open(kubeconfig);
        return new MachineClient(api, ns is { Length: > 0 } ? ns : api.Namespace);
    }

    internal string FileOf(ParseResult parsed) => FileOf(parsed.GetResult(DataDirectory) is { Implicit: false } ? parsed.GetValue(DataDirectory) : null, parsed.GetValue(Kubeconfig));

    /// <summary>The kubeconfig: the one that was named, that of the data directory that was named, that of the environment, that of the usual data directory.</summary>
    /// <exception cref="CommandFailure">There is none.</exception>
    internal static string FileOf(string? dataDirectory, string? kubeconfig)
    {
        if (kubeconfig is { Length: > 0 }) return Path.GetFullPath(kubeconfig);
        if (dataDirectory is null && Environment.GetEnvironmentVariable("KUBECONFIG") is { Length: > 0 } given && !given.Contains(':', StringComparison.Ordinal)) return Path.GetFullPath(given);
        string directory = CommonOptions.Resolve(dataDirectory ?? CommonOptions.DefaultDataDirectory);
        return ClusterOptions.Load(directory) is { } options && File.Exists(options.AdminKubeconfig) ? options.AdminKubeconfig
            : throw new CommandFailure($"there is no cloud in {directory}, or its kubeconfig cannot be read: `gureum up --data-dir {directory}` makes one, --kubeconfig names another");
    }
}
