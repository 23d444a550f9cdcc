using System.Text;
using System.Text.Json;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;

namespace Gureum.Client;

/// <summary>The API server refused a request; <see cref="Status"/> is its answer, word for word.</summary>
public sealed class ApiException(Status status) : Exception(status.Message ?? status.Reason ?? "the API server refused the request")
{
    public Status Status { get; } = status;
    public int Code => Status.Code ?? 0;
    public string Reason => Status.Reason ?? "";

    public bool IsNotFound => Code == 404;
    public bool IsAlreadyExists => Reason == "AlreadyExists";
    public bool IsConflict => Code == 409 && !IsAlreadyExists;
    public bool IsForbidden => Code == 403;
    public bool IsInvalid => Code == 422;
    /// <summary>The revision asked for is no longer known: list again.</summary>
    public bool IsExpired => Code == 410;
    public bool IsTooManyRequests => Code == 429;

    internal static ApiException From(int code, ReadOnlyMemory<byte> body)
    {
        try
        {
            var status = ModelJson.Parse<Status>(body.Span);
            if (status.Code is not null) return new ApiException(status);
        }
        catch (JsonException) { /* a proxy's or another program's page: its text is the message */ }
        return new ApiException(new Status { Code = code, Message = $"HTTP {code}: {Encoding.UTF8.GetString(body.Span[..Math.Min(body.Length, 512)])}" });
    }
}
