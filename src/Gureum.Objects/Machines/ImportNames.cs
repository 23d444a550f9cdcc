namespace Gureum.Objects.Machines;

/// <summary>Names that claims, and the pods that fill them, carry; where there is one, the containerized-data-importer's.</summary>
public static class ImportNames
{
    /// <summary>The RuntimeClass of pods that fill claims, and its handler on the node.</summary>
    public const string RuntimeClass = "importer";

    /// <summary>The only container of such a pod.</summary>
    public const string Container = "importer";

    /// <summary>What stands for its image: the node itself does the work.</summary>
    public const string Image = "gureum.local/importer";

    /// <summary>On a claim, an annotation: how far the pod that fills it is. No pod but that one gets a claim where this is anything but <see cref="Filled"/>.</summary>
    public const string PodPhase = "cdi.kubevirt.io/storage.pod.phase";
    public const string Filled = "Succeeded", Unfilled = "Pending";

    /// <summary>On a claim, annotations: what it is filled from.</summary>
    public const string ImportSource = "cdi.kubevirt.io/storage.import.source", ImportEndpoint = "cdi.kubevirt.io/storage.import.endpoint", CloneRequest = "k8s.io/CloneRequest";

    /// <summary>On a claim, an annotation: it is filled with what somebody sends.</summary>
    public const string UploadTarget = "cdi.kubevirt.io/storage.upload.target";

    /// <summary>On a claim, annotations: the pod that fills it, and what it holds.</summary>
    public const string ImportPod = "cdi.kubevirt.io/storage.import.importPodName", ContentType = "cdi.kubevirt.io/storage.contentType", RestartCount = "cdi.kubevirt.io/storage.pod.restarts";

    /// <summary>On a pod that fills a claim, an annotation: the claim's uid, for another claim of that name is another matter.</summary>
    public const string ClaimUid = "gureum.io/claim-uid";

    /// <summary>On pods and claims, a label.</summary>
    public const string App = "app", AppName = "containerized-data-importer", Component = "cdi.kubevirt.io", Importer = "importer";

    /// <summary>A condition of the pod, whose message is how much is done: "45.20%".</summary>
    public const string Progress = "cdi.kubevirt.io/Progress";

    /// <summary>The pod's volumes: what is filled, what it is filled from (with the same ending, when there are several), and what certificates are trusted.</summary>
    public const string Data = "data", Source = "source", Certificates = "certs";

    /// <summary>Variables of the pod's container, which say what there is to do.</summary>
    public const string SourceVariable = "IMPORTER_SOURCE", EndpointVariable = "IMPORTER_ENDPOINT", ChecksumVariable = "IMPORTER_CHECKSUM", InsecureVariable = "INSECURE_TLS", QuiesceVariable = "IMPORTER_QUIESCE";

    /// <summary>Values of <see cref="SourceVariable"/>.</summary>
    public const string Blank = "none", Http = "http", Registry = "registry", Clone = "pvc", Upload = "upload";
}
