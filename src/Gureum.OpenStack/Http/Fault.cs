namespace Gureum.OpenStack.Http;

/// <summary>A refusal, before a service puts it into its own form.</summary>
/// <param name="status">HTTP status code.</param>
/// <param name="message">What was refused, the value, and what would be accepted: clients show it to people.</param>
public sealed class Fault(int status, string message) : Exception(message)
{
    public int Status => status;

    /// <summary>The name of the refusal, for services that have names for them (Neutron: "NetworkInUse"); null for the usual one of the status.</summary>
    public string? Type { get; init; }

    public static Fault BadRequest(string message) => new(400, message);
    public static Fault Unauthorized() => new(401, "The request you have made requires authentication.");
    public static Fault Forbidden(string message) => new(403, message);
    public static Fault NotFound(string message) => new(404, message);
    public static Fault Conflict(string message) => new(409, message);

    /// <summary>HTTP's own phrase for a status, as keystone's and placement's bodies carry it.</summary>
    public static string Title(int status) => status switch
    {
        400 => "Bad Request", 401 => "Unauthorized", 403 => "Forbidden", 404 => "Not Found", 405 => "Method Not Allowed", 406 => "Not Acceptable", 409 => "Conflict", 410 => "Gone",
        413 => "Request Entity Too Large", 415 => "Unsupported Media Type", 429 => "Too Many Requests", 501 => "Not Implemented", 503 => "Service Unavailable", _ => "Internal Server Error",
    };
}
