namespace Gureum.Controllers.DataVolumes;

/// <summary>Words of the containerized-data-importer's API: phases, conditions, their reasons, and reasons of events.</summary>
internal static class DataVolumePhase
{
    internal const string Pending = "Pending", Succeeded = "Succeeded", Failed = "Failed";
    internal const string ImportScheduled = "ImportScheduled", ImportInProgress = "ImportInProgress", ImportFailed = "ImportFailed", ImportSucceeded = "ImportSucceeded";
    internal const string UploadScheduled = "UploadScheduled", UploadReady = "UploadReady", UploadFailed = "UploadFailed", UploadSucceeded = "UploadSucceeded";
    internal const string CloneScheduled = "CloneScheduled", CloneInProgress = "CloneInProgress", CloneFailed = "CloneFailed", CloneSucceeded = "CloneSucceeded";

    internal const string Bound = "Bound", Running = "Running", Ready = "Ready";
    internal const string NotFound = "NotFound", TransferRunning = "TransferRunning", Unschedulable = "Unschedulable", Error = "Error", Completed = "Completed", PodIsRunning = "Pod is running";
    internal const string ErrResourceExists = "ErrResourceExists", ErrClaimLost = "ErrClaimLost", ErrExceededQuota = "ErrExceededQuota", ErrUnableToCreate = "ErrUnableToCreatePVC";
    internal const string CloneSourceInUse = "CloneSourceInUse", CloneWithoutSource = "CloneWithoutSource";

    /// <summary>Progress before anything is known, and at the end.</summary>
    internal const string Unknown = "N/A", Whole = "100.0%";
}
