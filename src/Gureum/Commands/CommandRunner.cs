using System.CommandLine;
using System.Text.Json.Nodes;
using Gureum.Images;

namespace Gureum.Commands;

/// <summary>Gives every command the same ending: what users can mend is one line, never a stack trace.</summary>
internal static class CommandRunner
{
    /// <summary>Sets what a command does.</summary>
    internal static void Runs(this Command command, Func<ParseResult, CancellationToken, Task<int>> action) => command.SetAction(async (parsed, cancel) =>
    {
        try
        {
            return await action(parsed, cancel);
        }
        catch (OperationCanceledException)
        {
            return Fail(parsed, "interrupted");
        }
        catch (Exception e) when (e is CommandFailure or ImageException or IOException or UnauthorizedAccessException)
        {
            return Fail(parsed, e.Message);
        }
    });

    private static int Fail(ParseResult parsed, string message)
    {
        if (CommonOptions.WantsJson(parsed)) Console.Out.WriteLine(new JsonObject { ["error"] = message }.ToJsonString());
        Console.Error.WriteLine("gureum: " + message);
        return 1;
    }
}
