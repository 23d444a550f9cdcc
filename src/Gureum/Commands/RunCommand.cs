using System.CommandLine;
using Gureum.Running;
using Gureum.Starting;

namespace Gureum.Commands;

/// <summary><c>gureum run</c>: the server itself, in the foreground. `up` starts it; people who use a supervisor may too.</summary>
internal static class RunCommand
{
    internal static Command Create()
    {
        Option<string> data = CommonOptions.DataDirectory();
        var command = new Command("run", "Runs the server in the foreground (what `up` starts).") { data };
        command.Hidden = true;
        command.Runs(async (parsed, cancel) =>
        {
            Prerequisites.RequireRoot("run");
            string directory = CommonOptions.Resolve(parsed.GetValue(data)!);
            ClusterOptions options = ClusterOptions.Load(directory) ?? throw new CommandFailure($"there is no cloud in {directory}: `gureum up --data-dir {directory}` makes one");
            using IDisposable only = await DataLock.TakeAsync(directory, "serve", TimeSpan.FromSeconds(5), cancel);
            try
            {
                await (options.JoinedServer is null ? ClusterProcess.RunAsync(options, cancel) : Joining.JoinedNode.RunAsync(options, cancel));
                return 0;
            }
            catch (Exception e) when (!cancel.IsCancellationRequested)
            {
                // The log keeps all of it; the line for people comes last, where `up` looks.
                Console.Error.WriteLine(e);
                throw new CommandFailure("the server cannot go on: " + e.Message, e);
            }
        });
        return command;
    }
}
