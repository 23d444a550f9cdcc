namespace Gureum.Node.Admission;

/// <summary>Why a node does not take a pod that was given to it: reason and message of the pod's status.</summary>
public sealed record Rejection(string Reason, string Message);
