using System.CommandLine;
using System.Text.Json.Nodes;
using Gureum.Machine;
using Gureum.VirtualMachines;

namespace Gureum.Commands.Vm;

/// <summary><c>gureum vm vnc</c>: the screen of a guest, through a port of this machine's loopback.</summary>
internal static class VmVncCommand
{
    internal static Command Create()
    {
        VmOptions options = VmOptions.Create();
        Argument<string> name = VmCommand.Name();
        Option<string> output = CommonOptions.Output();
        var port = new Option<int>("--port") { Description = "Where to listen on 127.0.0.1 (a free port).", HelpName = "port" };
        var proxyOnly = new Option<bool>("--proxy-only") { Description = "Start no viewer." };
        var command = new Command("vnc", "Shows a guest's screen: listens on 127.0.0.1 and starts remote-viewer or vncviewer, where there is one.") { name, port, proxyOnly, output };
        options.AddTo(command);
        command.Runs(async (parsed, cancel) =>
        {
            using MachineClient machines = options.Open(parsed);
            string machine = parsed.GetValue(name)!;
            // What refuses, refuses now, and not in the viewer.
            await using (await machines.OpenAsync(machine, "vnc", cancel))
            {
            }

            using LocalPort local = LocalPort.Listen(parsed.GetValue(port));
            Console.WriteLine(CommonOptions.WantsJson(parsed)
                ? new JsonObject { ["address"] = "127.0.0.1", ["port"] = local.Port }.ToJsonString()
                : $"The screen of {machine} is at 127.0.0.1:{local.Port} (VNC), until this ends.");
            ScreenViewer? viewer = parsed.GetValue(proxyOnly) ? null : ScreenViewer.Find(local.Port);
            using var end = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            Task serving = local.ServeAsync(c => machines.OpenAsync(machine, "vnc", c), Console.Error.WriteLine, end.Token);
            if (viewer is null)
            {
                if (!parsed.GetValue(proxyOnly)) Console.Error.WriteLine($"No viewer (remote-viewer, vncviewer) or no display here: point one at 127.0.0.1:{local.Port}, for example over `ssh -L {local.Port}:127.0.0.1:{local.Port}`.");
                await serving;
                return 0;
            }

            ProgramResult result = await Subprocess.RunAsync(viewer.Program, viewer.Arguments, cancel);
            await end.CancelAsync();
            await serving;
            return result.ExitCode == 0 ? 0 : throw new CommandFailure($"{viewer.Program} failed: {result.Errors.Trim()}");
        });
        return command;
    }
}
