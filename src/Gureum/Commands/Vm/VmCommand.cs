using System.CommandLine;

namespace Gureum.Commands.Vm;

/// <summary><c>gureum vm …</c>: what people do with virtual machines, beside what kubectl does with their objects.</summary>
internal static class VmCommand
{
    internal static Command Create() => new("vm", "Looks at virtual machines, and starts, stops and moves them.")
    {
        VmListCommand.Create(), VmConsoleCommand.Create(), VmVncCommand.Create(), VmSshCommand.Create(), VmPortForwardCommand.Create(), VmImageUploadCommand.Create(),
        VmWishCommands.Start(), VmWishCommands.Stop(), VmWishCommands.Restart(), VmWishCommands.Pause(), VmWishCommands.Unpause(), VmWishCommands.Migrate(), VmWishCommands.SoftReboot(),
    };

    internal static Argument<string> Name() => new("name") { Description = "The machine's name." };
}
