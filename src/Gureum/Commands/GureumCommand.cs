using System.CommandLine;

namespace Gureum.Commands;

/// <summary>The program's command line: one file for each command.</summary>
internal static class GureumCommand
{
    internal static RootCommand Create() => new("A whole cloud in one program: containers and virtual machines behind the Kubernetes API and the OpenStack APIs.")
    {
        UpCommand.Create(), JoinCommand.Create(), TokenCommand.Create(), StatusCommand.Create(), DownCommand.Create(), KubectlCommand.Create(), OpenrcCommand.Create(), Vm.VmCommand.Create(), ImageCommand.Create(), CompareCommand.Create(),
        TestCommand.Create(), BenchCommand.Create(), VersionCommand.Create(), RunCommand.Create(),
    };
}
