namespace Gureum.ApiServer.Tests.Surface;

/// <summary>What is served beside upstream's API: virtual machines, by KubeVirt's API, and our own kinds.</summary>
internal static class Beyond
{
    internal static bool Path(string path) => path.StartsWith("/apis/", StringComparison.Ordinal) && Group(path.Split('/')[2]);
    internal static bool Group(string group) => group == "kubevirt.io" || group.EndsWith(".kubevirt.io", StringComparison.Ordinal) || group.EndsWith(".gureum.io", StringComparison.Ordinal) || group == "snapshot.storage.k8s.io";
    internal static bool Definition(string name) => name.StartsWith("io.kubevirt.", StringComparison.Ordinal) || name.StartsWith("io.gureum.", StringComparison.Ordinal) || name.StartsWith("io.k8s.storage.snapshot.", StringComparison.Ordinal);
}
