namespace Gureum.ApiServer.Tests.Surface;

/// <summary>What upstream's document describes and we deliberately do not serve, each with its reason. Stale entries fail <see cref="PathTests"/>.</summary>
internal static class LeftOut
{
    private const string OffUpstream = "kube-apiserver serves no alpha and no beta version unless --runtime-config switches it on; neither conformance nor a chart that works with a plain cluster can ask for it";

    /// <summary>Beginnings of paths.</summary>
    internal static readonly IReadOnlyDictionary<string, string> Paths = new Dictionary<string, string>
    {
        ["/apis/admissionregistration.k8s.io/v1alpha1/"] = OffUpstream,
        ["/apis/admissionregistration.k8s.io/v1beta1/"] = OffUpstream,
        ["/apis/certificates.k8s.io/v1alpha1/"] = OffUpstream,
        ["/apis/certificates.k8s.io/v1beta1/"] = OffUpstream,
        ["/apis/coordination.k8s.io/v1alpha2/"] = OffUpstream,
        ["/apis/coordination.k8s.io/v1beta1/"] = OffUpstream,
        ["/apis/internal.apiserver.k8s.io/"] = OffUpstream,
        ["/apis/networking.k8s.io/v1beta1/"] = OffUpstream,
        ["/apis/resource.k8s.io/v1alpha3/"] = OffUpstream,
        ["/apis/resource.k8s.io/v1beta1/"] = OffUpstream,
        ["/apis/resource.k8s.io/v1beta2/"] = OffUpstream,
        ["/apis/scheduling.k8s.io/v1alpha2/"] = OffUpstream,
        ["/apis/storage.k8s.io/v1beta1/"] = OffUpstream,
        ["/apis/storagemigration.k8s.io/"] = OffUpstream,
        ["/logs/"] = "kube-apiserver serves its log files only with --enable-logs-handler, which is off and deprecated",
    };

    internal static bool Has(string path) => Paths.Keys.Any(p => path.StartsWith(p, StringComparison.Ordinal));
}
