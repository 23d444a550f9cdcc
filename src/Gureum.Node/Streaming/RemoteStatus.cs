using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace Gureum.Node.Streaming;

/// <summary>The last word on a remote command: a metav1.Status in JSON, as remotecommand clients expect it since v4.</summary>
internal static class RemoteStatus
{
    /// <summary>The command ended with this exit code.</summary>
    internal static byte[] Exited(int exitCode) => exitCode == 0
        ? Write("Success", null, null, null, null)
        : Write("Failure", $"command terminated with exit code {exitCode}", "NonZeroExitCode", ("ExitCode", exitCode.ToString(CultureInfo.InvariantCulture)), null);

    /// <summary>It could not be run, or not to its end.</summary>
    internal static byte[] Failed(string message) => Write("Failure", message, "InternalError", ("", message), 500);

    private static byte[] Write(string status, string? message, string? reason, (string Reason, string Message)? cause, int? code)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var w = new Utf8JsonWriter(buffer))
        {
            w.WriteStartObject();
            w.WriteStartObject("metadata");
            w.WriteEndObject();
            w.WriteString("status", status);
            if (message is not null) w.WriteString("message", message);
            if (reason is not null) w.WriteString("reason", reason);
            if (cause is { } c)
            {
                w.WriteStartObject("details");
                w.WriteStartArray("causes");
                w.WriteStartObject();
                if (c.Reason.Length > 0) w.WriteString("reason", c.Reason);
                w.WriteString("message", c.Message);
                w.WriteEndObject();
                w.WriteEndArray();
                w.WriteEndObject();
            }

            if (code is { } number) w.WriteNumber("code", number);
            w.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }
}
