using System.Globalization;
using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Requests;
using Gureum.Objects.Json;
using Gureum.Objects.Schemas;

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
    public Audit.RequestAudit? Audit { get; init; }
}

/// <summary>How to delete (immutable): https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/delete-options/.</summary>
public sealed record DeleteRequest(long? GracePeriodSeconds = null, string? PropagationPolicy = null, string? Uid = null, string? ResourceVersion = null)
{
    public bool DryRun { get; init; }

    /// <summary>Reads the options from the body, and from the query only when there is no body.</summary>
    /// <exception cref="ApiError">400: the body is not DeleteOptions. 422: an option has a value that it cannot have.</exception>
    public static DeleteRequest Parse(ReadOnlySpan<byte> body, IReadOnlyDictionary<string, IReadOnlyList<string>> query)
    {
        var errors = new FieldErrors();
        var request = body.Length > 0 ? Read(body, errors) : Read(query, errors);
        if (request.PropagationPolicy is not (null or "Foreground" or "Background" or "Orphan")) errors.Unsupported("propagationPolicy", request.PropagationPolicy, ["Foreground", "Background", "Orphan", "nil"]);
        if (errors.Any) throw ApiError.InvalidOptions("DeleteOptions", errors);
        return request.GracePeriodSeconds < 0 ? request with { GracePeriodSeconds = 1 } : request;
    }

    private static DeleteRequest Read(ReadOnlySpan<byte> body, FieldErrors errors)
    {
        JsonObject options;
        try { options = ObjectDecoder.Decode(body, KubernetesSchema.Instance.Type("meta.v1.DeleteOptions")).Object; }
        catch (DecodeException e) { throw ApiError.BadRequest(e.Message); }
        if (options.Text("kind") is { Length: > 0 } kind && kind != "DeleteOptions") throw ApiError.BadRequest("decoded object cannot be converted to DeleteOptions");
        var preconditions = options.Child("preconditions");
        var dryRun = options.Texts("dryRun").ToList();
        RequestOptions.CheckDryRun(dryRun, errors);
        return new DeleteRequest(options.Number("gracePeriodSeconds"), Policy(options.Text("propagationPolicy"), options.Flag("orphanDependents"), errors), preconditions?.Text("uid"), preconditions?.Text("resourceVersion")) { DryRun = dryRun.Count > 0 };
    }

    private static DeleteRequest Read(IReadOnlyDictionary<string, IReadOnlyList<string>> query, FieldErrors errors)
    {
        string? First(string name) => query.TryGetValue(name, out var values) && values.Count > 0 ? values[0] : null;
        long? grace = First("gracePeriodSeconds") is not { Length: > 0 } text ? null
            : long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds) ? seconds : throw ApiError.BadRequest($"strconv.ParseInt: parsing \"{text}\": invalid syntax");
        var dryRun = query.GetValueOrDefault("dryRun", []);
        RequestOptions.CheckDryRun(dryRun, errors);
        return new DeleteRequest(grace, Policy(First("propagationPolicy"), QueryFlag.Read(First("orphanDependents")), errors)) { DryRun = dryRun.Count > 0 };
    }

    // orphanDependents is the older way to say it.
    private static string? Policy(string? policy, bool? orphans, FieldErrors errors)
    {
        if (policy is not null && orphans is not null) errors.Invalid("propagationPolicy", policy, "orphanDependents and deletionPropagation cannot be both set");
        return policy ?? orphans switch { true => "Orphan", false => "Background", null => null };
    }
}
