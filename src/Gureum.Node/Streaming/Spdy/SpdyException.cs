namespace Gureum.Node.Streaming.Spdy;

/// <summary>The peer broke the protocol, or the connection or stream is gone.</summary>
internal sealed class SpdyException(string message, Exception? inner = null) : IOException(message, inner);
