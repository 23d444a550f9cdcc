using System.Text.Json;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;

namespace Gureum.ApiServer.Responses;

/// <summary>A Status as a whole document: with kind and apiVersion.</summary>
internal sealed record StatusDocument(Status Status) : IModel
{
    public void Write(Utf8JsonWriter w)
    {
        w.WriteStartObject();
        w.WriteString("kind"u8, "Status"u8);
        w.WriteString("apiVersion"u8, "v1"u8);
        w.WriteStartObject("metadata"u8);
        if (Status.Metadata.Continue is { Length: > 0 } token) w.WriteString("continue"u8, token);
        w.WriteEndObject();
        w.WriteString("status"u8, Status.StatusValue ?? "Failure");
        if (Status.Message is { } message) w.WriteString("message"u8, message);
        if (Status.Reason is { } reason) w.WriteString("reason"u8, reason);
        if (Status.Details is { } details) { w.WritePropertyName("details"u8); details.Write(w); }
        if (Status.Code is { } code) w.WriteNumber("code"u8, code);
        w.WriteEndObject();
    }

    internal static byte[] Success(string? name, string kind, string? group, string? uid) => ModelJson.Encode(new StatusDocument(new Status
    {
        StatusValue = "Success", Details = new StatusDetails { Name = name, Group = string.IsNullOrEmpty(group) ? null : group, Kind = kind, Uid = uid },
    }));
}
