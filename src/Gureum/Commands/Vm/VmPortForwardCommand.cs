using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Gureum.VirtualMachines;

namespace Gureum.Commands.Vm;

/// <summary><c>gureum vm port-forward</c>: a TCP port of a guest, on this machine's loopback or on standard input and output.</summary>
internal static class VmPortForwardCommand
{
    internal static Command Create()
    {
        VmOptions options = VmOptions.Create();
        Argument<string> name = VmCommand.Name();
        Option<string> output = CommonOptions.Output();
        var ports = new Argument<string>("port") { Description = "The guest's port; with LOCAL: in front, where to listen on 127.0.0.1 (a free port).", HelpName = "[local:]port" };
        var stdio = new Option<bool>("--stdio") { Description = "One connection, on standard input and output (ssh's ProxyCommand)." };
        var command = new Command("port-forward", "Carries a guest's TCP port to 127.0.0.1, until it is interrupted.") { name, ports, stdio, output };
        options.AddTo(command);
        command.Runs(async (parsed, cancel) =>
        {
            string machine = parsed.GetValue(name)!;
            (int local, int remote) = Parse(parsed.GetValue(ports)!);
            using MachineClient machines = options.Open(parsed);
            if (parsed.GetValue(stdio))
            {
                await using Stream guest = await machines.OpenPortAsync(machine, remote, cancel);
                await LocalPort.BridgeAsync(Console.OpenStandardInput(), Console.OpenStandardOutput(), guest, cancel);
                return 0;
            }

            // Refuses now what would be refused at each connection; that nothing listens in the guest yet is no reason.
            _ = await machines.GetAsync(machine, cancel);
            using LocalPort listener = LocalPort.Listen(local);
            Console.WriteLine(CommonOptions.WantsJson(parsed)
                ? new JsonObject { ["address"] = "127.0.0.1", ["port"] = listener.Port }.ToJsonString()
                : $"Forwarding 127.0.0.1:{listener.Port} to port {remote} of {machine}, until this ends.");
            await listener.ServeAsync(c => machines.OpenPortAsync(machine, remote, c), Console.Error.WriteLine, cancel);
            return 0;
        });
        return command;
    }

    /// <summary>"8080:80" and "80".</summary>
    /// <exception cref="CommandFailure">They are no ports.</exception>
    internal static (int Local, int Remote) Parse(string ports)
    {
        string[] parts = ports.Split(':');
        return parts.Length <= 2 && Number(parts[^1]) is > 0 and var remote && (parts.Length == 1 ? 0 : Number(parts[0])) is >= 0 and var local
            ? (local, remote) : throw new CommandFailure($"{ports}: give PORT or LOCAL:PORT, numbers between 1 and 65535");

        static int Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number <= 65535 ? number : -1;
    }
}
