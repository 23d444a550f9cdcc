namespace Gureum.Commands;

/// <summary>A command cannot do what it was asked. The message is one line: what was refused, the value, what to do.</summary>
internal sealed class CommandFailure(string message, Exception? inner = null) : Exception(message, inner);
