using System.Buffers.Text;
using System.Text;
using System.Text.Json.Nodes;

namespace Gureum.Node.Streaming;

/// <summary>
/// A subprotocol of remote commands over WebSocket (immutable). All number the streams alike; they differ in how a message is written, and in
/// what is said at the end.
/// </summary>
/// <param name="Name">As clients name it; empty for those that name none.</param>
/// <param name="Base64">Messages are text: the channel as a digit, then base64. Made for browsers that had no binary messages.</param>
/// <param name="SaysHowItEnded">The end is told as a metav1.Status; before v4 only a failure is, as plain text.</param>
internal sealed record WebSocketProtocol(string Name, bool Base64, bool SaysHowItEnded)
{
    /// <summary>What is spoken, the best first.</summary>
    internal static IReadOnlyList<WebSocketProtocol> Spoken { get; } =
    [
        new("v5.channel.k8s.io", false, true), new("v4.channel.k8s.io", false, true), new("v4.base64.channel.k8s.io", true, true),
        new("channel.k8s.io", false, false), new("base64.channel.k8s.io", true, false),
    ];

    private static readonly WebSocketProtocol Unnamed = new("", false, false);

    /// <summary>The best that both sides speak; null when there is none.</summary>
    internal static WebSocketProtocol? Choose(IList<string> wanted) => wanted.Count == 0 ? Unnamed : Spoken.FirstOrDefault(p => wanted.Contains(p.Name));

    /// <summary>A message of this protocol.</summary>
    internal byte[] Encode(byte channel, ReadOnlySpan<byte> data)
    {
        var message = new byte[1 + (Base64 ? System.Buffers.Text.Base64.GetMaxEncodedToUtf8Length(data.Length) : data.Length)];
        message[0] = Base64 ? (byte)('0' + channel) : channel;
        if (Base64) System.Buffers.Text.Base64.EncodeToUtf8(data, message.AsSpan(1), out _, out _);
        else data.CopyTo(message.AsSpan(1));
        return message;
    }

    /// <summary>Channel and content of a message that came as text.</summary>
    /// <exception cref="FormatException">It is not base64.</exception>
    internal static (int Channel, byte[] Data) DecodeText(ReadOnlySpan<byte> message) => (message[0] - '0', Convert.FromBase64String(Encoding.ASCII.GetString(message[1..])));

    /// <summary>The last word as this protocol has it; null when there is none.</summary>
    internal byte[]? LastWord(byte[] status)
    {
        if (SaysHowItEnded) return status;
        var said = JsonNode.Parse(status)!;
        return (string?)said["status"] == "Success" ? null : Encoding.UTF8.GetBytes((string?)said["message"] ?? "");
    }
}
