using System.CommandLine;
using System.Text.Json.Nodes;
using Gureum.Objects.Json;
using Gureum.VirtualMachines;

namespace Gureum.Commands.Vm;

/// <summary><c>gureum vm list</c>: the machines that run, as `kubectl get vmi -o wide` shows them.</summary>
internal static class VmListCommand
{
    internal static Command Create()
    {
        VmOptions options = VmOptions.Create();
        Option<string> output = CommonOptions.Output();
        var everywhere = new Option<bool>("--all-namespaces", "-A") { Description = "Those of all namespaces." };
        var command = new Command("list", "Lists the machines that run (`kubectl get vm` has those that are switched off, too).") { everywhere, output };
        options.AddTo(command);
        command.Runs(async (parsed, cancel) =>
        {
            using MachineClient machines = options.Open(parsed);
            bool json = CommonOptions.WantsJson(parsed), all = parsed.GetValue(everywhere);
            JsonObject list = await machines.ListAsync(all, table: !json, cancel);
            if (json) Console.WriteLine(list.ToJsonString());
            else if (!list.Objects("rows").Any()) Console.Error.WriteLine(all ? "No virtual machine runs." : $"No virtual machine runs in namespace {machines.Namespace}.");
            else foreach (string line in ServerTable.Lines(list, all)) Console.WriteLine(line);
            return 0;
        });
        return command;
    }
}
