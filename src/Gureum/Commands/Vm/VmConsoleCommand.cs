using System.CommandLine;
using Gureum.VirtualMachines;

namespace Gureum.Commands.Vm;

/// <summary><c>gureum vm console</c>: the serial console of a guest.</summary>
internal static class VmConsoleCommand
{
    internal static Command Create()
    {
        VmOptions options = VmOptions.Create();
        Argument<string> name = VmCommand.Name();
        var command = new Command("console", "Opens a guest's serial console; ^] leaves it. Whoever had it before is disconnected.") { name };
        options.AddTo(command);
        command.Runs(async (parsed, cancel) =>
        {
            using MachineClient machines = options.Open(parsed);
            string machine = parsed.GetValue(name)!;
            await using Stream guest = await machines.OpenAsync(machine, "console", cancel);
            bool terminal = RawTerminal.IsTerminal;
            if (terminal) Console.Error.WriteLine($"Connected to {machine}; a key may wake it, ^] leaves it.");
            ConsoleEnd end;
            await using Stream keys = terminal ? RawTerminal.OpenKeys() : Console.OpenStandardInput();
            using (terminal ? RawTerminal.Enter() : null)
                end = await ConsoleSession.RunAsync(guest, keys, Console.OpenStandardOutput(), terminal, cancel);
            if (terminal) Console.Error.WriteLine();
            if (end == ConsoleEnd.Remote) Console.Error.WriteLine($"The console of {machine} has ended: the guest stopped or moved, or somebody else took it.");
            return 0;
        });
        return command;
    }
}
