namespace Gureum.ApiServer.Admission.Webhooks;

/// <summary>A webhook could not be asked, or its answer is none; the failure policy decides what that means.</summary>
internal sealed class WebhookCallException(string message) : Exception(message);
