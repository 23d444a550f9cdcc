using System.CommandLine;

namespace Gureum.Commands;

/// <summary>Options that several commands share.</summary>
internal static class CommonOptions
{
    internal const string DefaultDataDirectory = "/var/lib/gureum";

    internal static Option<string> DataDirectory() => new("--data-dir")
    {
        Description = "Where the cloud keeps its state.", HelpName = "dir", DefaultValueFactory = _ => DefaultDataDirectory,
    };

    internal static Option<string> Output()
    {
        var option = new Option<string>("--output", "-o") { Description = "json for scripts.", HelpName = "text|json", DefaultValueFactory = _ => "text" };
        option.AcceptOnlyFromAmong("text", "json");
        return option;
    }

    internal static bool WantsJson(ParseResult parsed) =>
        parsed.CommandResult.Command.Options.FirstOrDefault(o => o.Name == "--output") is Option<string> output && parsed.GetValue(output) == "json";

    /// <summary>The directory as an absolute path without links' surprises: two spellings must not be two clouds.</summary>
    internal static string Resolve(string directory)
    {
        if (directory.Length == 0) throw new CommandFailure("--data-dir is empty: name a directory");
        return Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory));
    }
}
