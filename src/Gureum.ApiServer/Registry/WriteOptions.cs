using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Registry;

/// <summary>What a writing request carries beside its object (immutable).</summary>
public sealed record WriteOptions(UserInfo User)
{
    public bool DryRun { get; init; }
    public string FieldManager { get; init; } = "unknown";

    /// <summary>Server-side apply takes over fields that others own.</summary>
    public bool Force { get; init; }

    /// <summary>The object already says who owns its fields: server-side apply keeps them itself.</summary>
    public bool OwnersKept { get; init; }
    public List<string> Warnings { get; init; } = [];
    public CancellationToken Cancel { get; init; }
}

/// <summary>How to delete (immutable): https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/delete-options/.</summary>
public sealed record DeleteRequest(long? GracePeriodSeconds = null, string? PropagationPolicy = null, string? Uid = null, string? ResourceVersion = null)
{
    /// <exception cref="ApiError">The body is not DeleteOptions.</exception>
    public static DeleteRequest Parse(ReadOnlySpan<byte> body, Func<string, string?> query)
    {
        var request = new DeleteRequest();
        if (body.Length > 0)
        {
            JsonObject options;
            try { options = ObjectDecoder.DecodeAny(body) as JsonObject ?? throw new DecodeException("expected an object"); }
            catch (DecodeException e) { throw ApiError.BadRequest(e.Message); }
            var preconditions = options.Child("preconditions");
            request = new DeleteRequest(options.Number("gracePeriodSeconds"), options.Text("propagationPolicy") ?? (options.Flag("orphanDependents") == true ? "Orphan" : null),
                preconditions?.Text("uid"), preconditions?.Text("resourceVersion"));
        }
        if (query("gracePeriodSeconds") is { } grace)
            request = request with { GracePeriodSeconds = long.TryParse(grace, out var seconds) ? seconds : throw ApiError.BadRequest($"gracePeriodSeconds \"{grace}\" is not a whole number") };
        if (query("propagationPolicy") is { } policy) request = request with { PropagationPolicy = policy };
        if (request.GracePeriodSeconds < 0) request = request with { GracePeriodSeconds = 1 };
        return request.PropagationPolicy is null or "Foreground" or "Background" or "Orphan" ? request
            : throw ApiError.BadRequest($"propagationPolicy \"{request.PropagationPolicy}\" is not supported; use Foreground, Background or Orphan");
    }
}
