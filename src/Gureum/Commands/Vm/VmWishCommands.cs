using System.CommandLine;
using System.Text.Json.Nodes;
using Gureum.VirtualMachines;

namespace Gureum.Commands.Vm;

/// <summary>
/// <c>gureum vm start</c>, <c>stop</c>, <c>restart</c>, <c>pause</c>, <c>unpause</c>, <c>migrate</c> and <c>soft-reboot</c>: one call each. They return when
/// the server has taken the wish, not when it has come true.
/// </summary>
internal static class VmWishCommands
{
    internal static Command Start()
    {
        var paused = new Option<bool>("--paused") { Description = "The guest waits for `unpause` before its first instruction." };
        return Make("start", "Switches a machine on.", (machines, name, parsed, cancel) => machines.WishAsync(name, "start", parsed.GetValue(paused) ? new JsonObject { ["paused"] = true } : null, cancel),
            (name, ns) => $"{name} is told to start: see `kubectl get vmi{ns} {name}`, `gureum vm console{ns} {name}`", paused);
    }

    internal static Command Stop()
    {
        (Option<bool> force, Option<long?> grace) = Hurry();
        return Make("stop", "Switches a machine off, as by its power button.", (machines, name, parsed, cancel) => machines.WishAsync(name, "stop", Grace("gracePeriod", parsed.GetValue(force), parsed.GetValue(grace)), cancel),
            (name, ns) => $"{name} is told to stop: see `kubectl get vm{ns} {name}`", force, grace);
    }

    internal static Command Restart()
    {
        (Option<bool> force, Option<long?> grace) = Hurry();
        return Make("restart", "Switches a machine off and on again: a new instance, whose disks are kept.", (machines, name, parsed, cancel) => machines.WishAsync(name, "restart", Grace("gracePeriodSeconds", parsed.GetValue(force), parsed.GetValue(grace)), cancel),
            (name, ns) => $"{name} is told to restart: see `kubectl get vmi{ns} {name} -w`", force, grace);
    }

    internal static Command Pause() => Make("pause", "Has a guest's processors stand still; memory and devices stay.", (machines, name, _, cancel) => machines.TellAsync(name, "pause", cancel),
        (name, ns) => $"{name} is paused: `gureum vm unpause{ns} {name}` lets it go on");

    internal static Command Unpause() => Make("unpause", "Lets a paused guest go on.", (machines, name, _, cancel) => machines.TellAsync(name, "unpause", cancel),
        (name, ns) => $"{name} goes on: see `kubectl get vmi{ns} {name}`");

    internal static Command Migrate() => Make("migrate", "Moves a running guest to another node.", (machines, name, _, cancel) => machines.WishAsync(name, "migrate", null, cancel),
        (name, ns) => $"{name} is told to move: see `kubectl get vmim{ns}`, `kubectl get vmi{ns} {name} -o wide`");

    internal static Command SoftReboot() => Make("soft-reboot", "Asks a guest to boot again: by its agent, else by its power button.", (machines, name, _, cancel) => machines.TellAsync(name, "softreboot", cancel),
        (name, ns) => $"{name} is asked to boot again: see `gureum vm console{ns} {name}`");

    private static (Option<bool> Force, Option<long?> Grace) Hurry() =>
        (new Option<bool>("--force") { Description = "Do not wait for the guest longer than --grace-period, which must be given." }, new Option<long?>("--grace-period") { Description = "Seconds that the guest has to switch itself off.", HelpName = "seconds" });

    /// <exception cref="CommandFailure">The two do not fit together.</exception>
    internal static JsonObject? Grace(string field, bool force, long? seconds) => (force, seconds) switch
    {
        (true, null) => throw new CommandFailure("--force needs --grace-period: how many seconds the guest has, 0 for none"),
        (false, { } given) => throw new CommandFailure($"--grace-period {given} needs --force: a guest that is ended before it has switched itself off may lose data"),
        (_, < 0) => throw new CommandFailure($"--grace-period {seconds}: give 0 or more seconds"),
        (_, { } given) => new JsonObject { [field] = given },
        _ => null,
    };

    private static Command Make(string verb, string description, Func<MachineClient, string, ParseResult, CancellationToken, Task> act, Func<string, string, string> said, params Option[] more)
    {
        VmOptions options = VmOptions.Create();
        Argument<string> name = VmCommand.Name();
        var command = new Command(verb, description) { name };
        foreach (Option option in more) command.Options.Add(option);
        command.Options.Add(CommonOptions.Output());
        options.AddTo(command);
        command.Runs(async (parsed, cancel) =>
        {
            using MachineClient machines = options.Open(parsed);
            string machine = parsed.GetValue(name)!;
            await act(machines, machine, parsed, cancel);
            Console.WriteLine(CommonOptions.WantsJson(parsed)
                ? new JsonObject { ["namespace"] = machines.Namespace, ["name"] = machine, ["action"] = verb }.ToJsonString()
                : said(machine, machines.Namespace == "default" ? "" : $" -n {machines.Namespace}"));
            return 0;
        });
        return command;
    }
}
