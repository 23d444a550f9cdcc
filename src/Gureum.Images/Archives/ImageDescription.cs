using System.Runtime.InteropServices;

namespace Gureum.Images.Archives;

/// <summary>What an image says about itself (OCI image configuration 1.0). Immutable.</summary>
public sealed record ImageDescription
{
    /// <summary>Architecture in Go's words: amd64, arm64, …</summary>
    public string Architecture { get; init; } = LocalArchitecture;

    /// <summary>Program to start.</summary>
    public IReadOnlyList<string> Entrypoint { get; init; } = [];

    /// <summary>Its arguments, or program and arguments if there is no entry point.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>Environment as NAME=value.</summary>
    public IReadOnlyList<string> Environment { get; init; } = [];

    /// <summary>Working directory; empty for /.</summary>
    public string WorkingDirectory { get; init; } = "";

    /// <summary>User, or user:group, by name or number; empty for root.</summary>
    public string User { get; init; } = "";

    /// <summary>Ports that it serves, e.g. <c>80/tcp</c>.</summary>
    public IReadOnlyList<string> ExposedPorts { get; init; } = [];

    /// <summary>Signal that ends it, e.g. SIGQUIT; empty for SIGTERM.</summary>
    public string StopSignal { get; init; } = "";

    /// <summary>Labels.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>This machine's architecture in Go's words.</summary>
    public static string LocalArchitecture => RuntimeInformation.OSArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.X64 => "amd64",
        System.Runtime.InteropServices.Architecture.Arm64 => "arm64",
        var other => other.ToString().ToLowerInvariant(),
    };
}
