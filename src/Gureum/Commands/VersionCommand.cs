using System.CommandLine;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace Gureum.Commands;

/// <summary><c>gureum version</c>.</summary>
internal static class VersionCommand
{
    /// <summary>The version of Kubernetes whose API is served.</summary>
    internal const string Kubernetes = "v1.36";

    internal static string Program { get; } =
        typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";

    internal static Command Create()
    {
        Option<string> output = CommonOptions.Output();
        var command = new Command("version", "Says which version this is.") { output };
        command.Runs((parsed, _) =>
        {
            if (CommonOptions.WantsJson(parsed))
                Console.WriteLine(new JsonObject { ["gureum"] = Program, ["kubernetes"] = Kubernetes, ["dotnet"] = Environment.Version.ToString() }.ToJsonString());
            else
                Console.WriteLine($"gureum {Program} (Kubernetes API {Kubernetes}, .NET {Environment.Version}, {RuntimeInformation.RuntimeIdentifier})");
            return Task.FromResult(0);
        });
        return command;
    }
}
