namespace Gureum.ApiServer;

/// <summary>Who asks (immutable): as authentication found out, or as impersonated.</summary>
public sealed record UserInfo(string Name, IReadOnlyList<string> Groups, string Uid = "")
{
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Extra { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    public const string Masters = "system:masters", Authenticated = "system:authenticated", Unauthenticated = "system:unauthenticated", Nodes = "system:nodes";

    public static UserInfo Anonymous { get; } = new("system:anonymous", [Unauthenticated]);

    /// <summary>The server's own hand: what the registry does for itself.</summary>
    public static UserInfo ApiServer { get; } = new("system:apiserver", [Masters, Authenticated]);

    /// <summary>The node's name when this is a node's agent, else null.</summary>
    public string? NodeName => Name.StartsWith("system:node:", StringComparison.Ordinal) && Groups.Contains(Nodes) ? Name["system:node:".Length..] : null;
}
