using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;

namespace Gureum.ApiServer.Errors;

/// <summary>A refusal: the Status that the client gets (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/).</summary>
public sealed class ApiError(Status status) : Exception(status.Message)
{
    public Status Status { get; } = status;
    public int Code => Status.Code ?? 500;

    public static ApiError BadRequest(string message) => Make(400, "BadRequest", message);
    public static ApiError Unauthorized() => Make(401, "Unauthorized", "Unauthorized");
    public static ApiError Forbidden(ResourceType type, string? name, string why) =>
        Make(403, "Forbidden", $"{type.GroupResource}{(name is null ? "" : $" \"{name}\"")} is forbidden: {why}", Details(type, name));
    public static ApiError ForbiddenPath(string message) => Make(403, "Forbidden", message, StatusDetails.Empty);
    public static ApiError NotFound(ResourceType type, string name) => Make(404, "NotFound", $"{type.GroupResource} \"{name}\" not found", Details(type, name));
    public static ApiError NoSuchPath() => Make(404, "NotFound", "the server could not find the requested resource", StatusDetails.Empty);
    public static ApiError MethodNotAllowed() => Make(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", StatusDetails.Empty);
    public static ApiError AlreadyExists(ResourceType type, string name) => Make(409, "AlreadyExists", $"{type.GroupResource} \"{name}\" already exists", Details(type, name));
    public static ApiError NoUniqueName(ResourceType type, string name) =>
        Make(409, "AlreadyExists", $"{type.GroupResource} \"{name}\" already exists, the server was not able to generate a unique name for the object", Details(type, name) with { RetryAfterSeconds = 1 });
    public static ApiError Conflict(ResourceType type, string name, string why) =>
        Make(409, "Conflict", $"Operation cannot be fulfilled on {type.GroupResource} \"{name}\": {why}", Details(type, name));
    public static ApiError Modified(ResourceType type, string name) =>
        Conflict(type, name, "the object has been modified; please apply your changes to the latest version and try again");
    public static ApiError Expired(string message) => Make(410, "Expired", message);

    /// <summary>The state of a paged list is no longer remembered; the token goes on in the newest one.</summary>
    public static ApiError ExpiredContinue(string token) => new(Expired("The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, "
        + "or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted "
        + "between the time the first chunk was returned and now may show up in the list.").Status with { Metadata = new ListMeta { Continue = token } });

    /// <summary>A revision that is still to come.</summary>
    public static ApiError NotReached(long asked, long newest) => Make(504, "Timeout", $"Timeout: Too large resource version: {asked}, current: {newest}",
        new() { Causes = [new() { Reason = "ResourceVersionTooLarge", Message = "Too large resource version" }], RetryAfterSeconds = 1 });
    public static ApiError TooLarge(long limit) => Make(413, "RequestEntityTooLarge", $"Request entity too large: limit is {limit}");
    public static ApiError UnsupportedMediaType(string found, params string[] accepted) =>
        Make(415, "UnsupportedMediaType", $"the body of the request was in an unknown format ({found}) - accepted media types include: {string.Join(", ", accepted)}");
    public static ApiError NotAcceptable(params string[] accepted) =>
        Make(406, "NotAcceptable", $"only the following media types are accepted: {string.Join(", ", accepted)}");
    /// <summary>A list was asked for in the form of an object, or the other way round.</summary>
    public static ApiError WrongForm(string asked, string found) => Make(406, "NotAcceptable", $"you requested {asked}, but the requested object is {found}");
    public static ApiError TooManyRequests(string message, int retryAfterSeconds) =>
        Make(429, "TooManyRequests", message, new StatusDetails { RetryAfterSeconds = retryAfterSeconds });
    public static ApiError Internal(string message) => Make(500, "InternalError", "Internal error occurred: " + message);
    public static ApiError Unavailable(string message) => Make(503, "ServiceUnavailable", message);
    public static ApiError Timeout(string message) => Make(504, "Timeout", message);

    /// <summary>Options of a request that do not go together: ListOptions, DeleteOptions and their like.</summary>
    public static ApiError InvalidOptions(string kind, FieldErrors errors) => Invalid(new ResourceType("meta.k8s.io/v1", kind, kind.ToLowerInvariant(), false), "", errors);

    /// <summary>A patch, or what it left, that cannot be read as the kind that it is of.</summary>
    public static ApiError InvalidPatch(string shown, string why)
    {
        var errors = new FieldErrors();
        errors.Invalid("patch", shown, why);
        return Make(422, "Invalid", $" \"\" is invalid: {errors.List[0]}", new StatusDetails { Causes = [new() { Reason = errors.List[0].Cause, Message = errors.List[0].Message, Field = "patch" }] });
    }

    public static ApiError Invalid(ResourceType type, string name, FieldErrors errors)
    {
        // What is said twice is told once; the causes have both.
        var texts = errors.List.Select(e => e.ToString()).Distinct().ToList();
        var message = $"{type.Kind}{(type.Group.Length == 0 ? "" : "." + type.Group)} \"{name}\" is invalid: "
            + (texts.Count == 1 ? texts[0] : "[" + string.Join(", ", texts) + "]");
        return Make(422, "Invalid", message, new StatusDetails
        {
            Name = name, Group = type.Group.Length == 0 ? null : type.Group, Kind = type.Kind,
            Causes = [.. errors.List.Select(e => new StatusCause { Reason = e.Cause, Message = e.Message, Field = e.Path })],
        });
    }

    private static StatusDetails Details(ResourceType type, string? name) =>
        new() { Name = name, Group = type.Group.Length == 0 ? null : type.Group, Kind = type.Plural };

    public static ApiError Make(int code, string reason, string message, StatusDetails? details = null) => new(new Status
    {
        Metadata = new ListMeta(), StatusValue = "Failure", Message = message, Reason = reason, Details = details, Code = code,
    });
}
