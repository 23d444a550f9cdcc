namespace Gureum.ApiServer.Definitions.Conversion;

/// <summary>Objects could not be converted; the message is what clients are told.</summary>
internal sealed class ConversionException(string message) : Exception(message);
