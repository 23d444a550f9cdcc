namespace Gureum.ApiServer.Aggregation;

/// <summary>Where groups and versions stand in discovery: the greater, the earlier. The figures are those of Kubernetes.</summary>
internal static class GroupPriorities
{
    /// <summary>Of groups that CustomResourceDefinitions define.</summary>
    internal static readonly (int Group, int Version) Defined = (1000, 100);

    private static readonly Dictionary<(string Group, string Version), (int Group, int Version)> BuiltIn = new()
    {
        [("", "v1")] = (18000, 1),
        [("apps", "v1")] = (17800, 15),
        [("events.k8s.io", "v1")] = (17750, 15),
        [("events.k8s.io", "v1beta1")] = (17750, 5),
        [("authentication.k8s.io", "v1")] = (17700, 15),
        [("authentication.k8s.io", "v1beta1")] = (17700, 9),
        [("authorization.k8s.io", "v1")] = (17600, 15),
        [("autoscaling", "v2")] = (17500, 30),
        [("autoscaling", "v1")] = (17500, 15),
        [("autoscaling", "v2beta1")] = (17500, 9),
        [("autoscaling", "v2beta2")] = (17500, 1),
        [("batch", "v1")] = (17400, 15),
        [("batch", "v1beta1")] = (17400, 9),
        [("certificates.k8s.io", "v1")] = (17300, 15),
        [("certificates.k8s.io", "v1beta1")] = (17300, 9),
        [("networking.k8s.io", "v1")] = (17200, 15),
        [("networking.k8s.io", "v1beta1")] = (17200, 9),
        [("policy", "v1")] = (17100, 15),
        [("policy", "v1beta1")] = (17100, 9),
        [("rbac.authorization.k8s.io", "v1")] = (17000, 15),
        [("storage.k8s.io", "v1")] = (16800, 15),
        [("storage.k8s.io", "v1beta1")] = (16800, 9),
        [("admissionregistration.k8s.io", "v1")] = (16700, 15),
        [("admissionregistration.k8s.io", "v1beta1")] = (16700, 12),
        [("apiextensions.k8s.io", "v1")] = (16700, 15),
        [("scheduling.k8s.io", "v1")] = (16600, 15),
        [("coordination.k8s.io", "v1")] = (16500, 15),
        [("coordination.k8s.io", "v1beta1")] = (16500, 13),
        [("node.k8s.io", "v1")] = (16300, 15),
        [("node.k8s.io", "v1beta1")] = (16300, 9),
        [("discovery.k8s.io", "v1")] = (16200, 15),
        [("discovery.k8s.io", "v1beta1")] = (16200, 12),
        [("resource.k8s.io", "v1")] = (16200, 21),
        [("resource.k8s.io", "v1beta2")] = (16200, 15),
        [("resource.k8s.io", "v1beta1")] = (16200, 9),
        [("flowcontrol.apiserver.k8s.io", "v1")] = (16100, 21),
        [("flowcontrol.apiserver.k8s.io", "v1beta3")] = (16100, 18),
        [("flowcontrol.apiserver.k8s.io", "v1beta2")] = (16100, 15),
        [("flowcontrol.apiserver.k8s.io", "v1beta1")] = (16100, 12),
        [("storagemigration.k8s.io", "v1beta1")] = (15800, 9),
    };

    /// <summary>The priorities of a built-in version; null for any other.</summary>
    internal static (int Group, int Version)? Find(string group, string version) => BuiltIn.TryGetValue((group, version), out var found) ? found : null;

    internal static (int Group, int Version) Of(string group, string version) => Find(group, version) ?? (group == "apiregistration.k8s.io" ? (20000, 15) : Defined);
}
