using Gureum.ApiServer.Aggregation;
using Gureum.ApiServer.Authentication;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Rbac.V1;

namespace Gureum.ApiServer.Bootstrap;

/// <summary>
/// What remote APIs read to know whom to believe: kube-system/extension-apiserver-authentication
/// (https://kubernetes.io/docs/tasks/extend-kubernetes/configure-aggregation-layer/). Pure.
/// </summary>
internal static class AuthenticationTrust
{
    internal const string Name = "extension-apiserver-authentication", ReaderRole = "extension-apiserver-authentication-reader";

    internal static ConfigMap Document(ClusterAuthority clients, ClusterAuthority frontProxy) => new()
    {
        Metadata = new ObjectMeta { Name = Name, Namespace = "kube-system" },
        Data = new Dictionary<string, string>
        {
            ["client-ca-file"] = clients.CertificatePem,
            ["requestheader-allowed-names"] = $"[\"{FrontProxy.Name}\"]",
            ["requestheader-client-ca-file"] = frontProxy.CertificatePem,
            ["requestheader-extra-headers-prefix"] = $"[\"{RequestIdentity.ExtraPrefix}\"]",
            ["requestheader-group-headers"] = $"[\"{RequestIdentity.Group}\"]",
            ["requestheader-uid-headers"] = $"[\"{RequestIdentity.Uid}\"]",
            ["requestheader-username-headers"] = $"[\"{RequestIdentity.User}\"]",
        },
    };

    /// <summary>Who may read it: those who are bound to this role.</summary>
    internal static Role Reader() => new()
    {
        Metadata = new ObjectMeta { Name = ReaderRole, Namespace = "kube-system", Labels = DefaultRoles.Labels, Annotations = DefaultRoles.Annotations },
        Rules = [new PolicyRule { ApiGroups = [""], Resources = ["configmaps"], ResourceNames = [Name], Verbs = ["get", "list", "watch"] }],
    };
}
