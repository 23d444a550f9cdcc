using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Gureum.Node.Runtime;

namespace Gureum.Node.Streaming;

/// <summary>A client that takes part in a process's streams, whatever protocol it speaks. Disposing hangs up.</summary>
internal interface IRemotePeer : IAsyncDisposable
{
    /// <summary>What the client sends as input; ends when it closes its input. Null if it sends none.</summary>
    Stream? Stdin { get; }

    /// <summary>Takes output to the client; null if it wants none.</summary>
    Stream? Stdout { get; }

    /// <summary>Takes errors to the client; null if it wants none.</summary>
    Stream? Stderr { get; }

    /// <summary>Sizes of the client's terminal.</summary>
    ChannelReader<TerminalSize> Resizes { get; }

    /// <summary>Cancelled when the client is gone.</summary>
    CancellationToken Gone { get; }

    /// <summary>Sends the last word, a metav1.Status.</summary>
    Task SendStatusAsync(byte[] status);
}

/// <summary>Reads the resize messages of remotecommand clients.</summary>
internal static class ResizeMessage
{
    /// <summary>The size in a message such as <c>{"Width":80,"Height":24}</c>; null if it is something else.</summary>
    internal static TerminalSize? Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            JsonNode? node = JsonNode.Parse(json);
            return node?["Width"] is JsonValue width && node["Height"] is JsonValue height
                && width.TryGetValue(out ushort w) && height.TryGetValue(out ushort h)
                ? new TerminalSize(w, h)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
