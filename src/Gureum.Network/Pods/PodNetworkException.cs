namespace Gureum.Network.Pods;

/// <summary>The pod network refused a request; the message names the value and what to do.</summary>
public sealed class PodNetworkException(string message, Exception? inner = null) : Exception(message, inner);
