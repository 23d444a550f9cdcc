using System.Text.Json.Nodes;

namespace Gureum.ApiServer.Tests.Hostile;

/// <summary>An object of each kind that is accepted: what fuzzing starts from. A kind that has no line needs nothing but a name.</summary>
internal static class ValidObjects
{
    private const string Pod = """{"containers":[{"name":"c","image":"busybox","ports":[{"containerPort":80}],"env":[{"name":"A","value":"b"}]}]}""";
    private const string Template = """{"metadata":{"labels":{"app":"a"}},"spec":""" + Pod + "}";
    private const string Selected = "\"selector\":{\"matchLabels\":{\"app\":\"a\"}},\"template\":" + Template;
    private const string Claim = """{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}""";
    private const string Rules = """[{"verbs":["get"],"apiGroups":[""],"resources":["pods"]}]""";
    private const string Role = """{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"view"}""";
    private const string Hooks = """{"webhooks":[{"name":"a.b.c","admissionReviewVersions":["v1"],"sideEffects":"None","clientConfig":{"url":"https://127.0.0.1:1/"},"rules":[{"operations":["CREATE"],"apiGroups":["none.example"],"apiVersions":["v1"],"resources":["nones"]}]}]}""";
    private const string Constraints = """{"matchConstraints":{"resourceRules":[{"operations":["CREATE"],"apiGroups":["none.example"],"apiVersions":["v1"],"resources":["nones"]}]},""";
    private const string Scaled = """{"spec":{"maxReplicas":3,"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"a"}}}""";

    private static readonly Dictionary<string, string> Known = new()
    {
        ["Pod"] = "{\"spec\":" + Pod + "}",
        ["PodTemplate"] = "{\"template\":" + Template + "}",
        ["Deployment"] = "{\"spec\":{" + Selected + "}}",
        ["ReplicaSet"] = "{\"spec\":{" + Selected + "}}",
        ["DaemonSet"] = "{\"spec\":{" + Selected + "}}",
        ["StatefulSet"] = "{\"spec\":{\"serviceName\":\"s\"," + Selected + ",\"volumeClaimTemplates\":[{\"metadata\":{\"name\":\"v\"},\"spec\":" + Claim + "}]}}",
        ["ReplicationController"] = "{\"spec\":{\"selector\":{\"app\":\"a\"},\"template\":" + Template + "}}",
        ["Job"] = """{"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"busybox"}]}}}}""",
        ["CronJob"] = """{"spec":{"schedule":"* * * * *","jobTemplate":{"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"busybox"}]}}}}}}""",
        ["Service"] = """{"spec":{"selector":{"app":"a"},"ports":[{"name":"http","port":80,"targetPort":"http"}]}}""",
        ["ConfigMap"] = """{"data":{"a":"b"},"binaryData":{"c":"YQ=="}}""",
        ["Secret"] = """{"data":{"a":"YQ=="},"type":"Opaque"}""",
        ["PersistentVolumeClaim"] = "{\"spec\":" + Claim + "}",
        ["PersistentVolume"] = """{"spec":{"capacity":{"storage":"1Gi"},"accessModes":["ReadWriteOnce"],"hostPath":{"path":"/p"}}}""",
        ["LimitRange"] = """{"spec":{"limits":[{"type":"PersistentVolumeClaim","max":{"storage":"2Gi"}}]}}""",
        ["ResourceQuota"] = """{"spec":{"hard":{"persistentvolumeclaims":"9"}}}""",
        ["Endpoints"] = """{"subsets":[{"addresses":[{"ip":"10.9.9.9"}],"ports":[{"name":"a","port":80}]}]}""",
        ["EndpointSlice"] = """{"addressType":"IPv4","endpoints":[{"addresses":["10.9.9.9"]}],"ports":[{"name":"a","port":80}]}""",
        ["Ingress"] = """{"spec":{"rules":[{"host":"a.b","http":{"paths":[{"path":"/","pathType":"Prefix","backend":{"service":{"name":"a","port":{"number":80}}}}]}}]}}""",
        ["IngressClass"] = """{"spec":{"controller":"a.b/c"}}""",
        ["NetworkPolicy"] = """{"spec":{"podSelector":{},"ingress":[{"from":[{"podSelector":{}}],"ports":[{"port":80}]}]}}""",
        ["HorizontalPodAutoscaler"] = Scaled,
        ["PodDisruptionBudget"] = """{"spec":{"minAvailable":1,"selector":{"matchLabels":{"app":"a"}}}}""",
        ["Role"] = "{\"rules\":" + Rules + "}",
        ["ClusterRole"] = "{\"rules\":" + Rules + "}",
        ["RoleBinding"] = "{\"roleRef\":" + Role + ",\"subjects\":[{\"kind\":\"User\",\"name\":\"nobody\",\"apiGroup\":\"rbac.authorization.k8s.io\"}]}",
        ["ClusterRoleBinding"] = "{\"roleRef\":" + Role + ",\"subjects\":[{\"kind\":\"User\",\"name\":\"nobody\",\"apiGroup\":\"rbac.authorization.k8s.io\"}]}",
        ["PriorityClass"] = """{"value":5}""",
        ["StorageClass"] = """{"provisioner":"a.b/c"}""",
        ["RuntimeClass"] = """{"handler":"runc"}""",
        ["CSIDriver"] = """{"spec":{"attachRequired":false}}""",
        ["CSINode"] = """{"spec":{"drivers":[{"name":"a.b","nodeID":"n"}]}}""",
        ["CSIStorageCapacity"] = """{"storageClassName":"a","capacity":"1Gi"}""",
        ["VolumeAttachment"] = """{"spec":{"attacher":"a.b","nodeName":"n","source":{"persistentVolumeName":"a"}}}""",
        ["VolumeAttributesClass"] = """{"driverName":"a.b","parameters":{"a":"b"}}""",
        ["ControllerRevision"] = """{"revision":1,"data":{"a":1}}""",
        ["VirtualMachine"] = """{"spec":{"runStrategy":"Halted","template":{"spec":{"domain":{"memory":{"guest":"64Mi"},"devices":{}}}}}}""",
        ["VirtualMachineInstance"] = """{"spec":{"domain":{"memory":{"guest":"64Mi"},"devices":{}}}}""",
        ["VirtualMachineInstanceMigration"] = """{"spec":{"vmiName":"a"}}""",
        ["VirtualMachineInstanceReplicaSet"] = """{"spec":{"replicas":0,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"domain":{"memory":{"guest":"64Mi"},"devices":{}}}}}}""",
        ["VirtualMachineInstancetype"] = """{"spec":{"cpu":{"guest":1},"memory":{"guest":"64Mi"}}}""",
        ["VirtualMachineClusterInstancetype"] = """{"spec":{"cpu":{"guest":1},"memory":{"guest":"64Mi"}}}""",
        ["VirtualMachinePreference"] = """{"spec":{"cpu":{"preferredCPUTopology":"cores"}}}""",
        ["VirtualMachineClusterPreference"] = """{"spec":{"cpu":{"preferredCPUTopology":"cores"}}}""",
        ["VirtualMachineSnapshot"] = """{"spec":{"source":{"apiGroup":"kubevirt.io","kind":"VirtualMachine","name":"a"}}}""",
        ["VirtualMachineSnapshotContent"] = """{"spec":{"source":{}}}""",
        ["VirtualMachineRestore"] = """{"spec":{"target":{"apiGroup":"kubevirt.io","kind":"VirtualMachine","name":"a"},"virtualMachineSnapshotName":"a"}}""",
        ["VolumeSnapshot"] = """{"spec":{"source":{"persistentVolumeClaimName":"a"}}}""",
        ["Domain"] = """{"spec":{"name":"a"}}""",
        ["User"] = """{"spec":{"name":"a","domain":"default"}}""",
        ["Group"] = """{"spec":{"name":"a","domain":"default"}}""",
        ["ApplicationCredential"] = """{"spec":{"name":"a","user":"a","project":"a"}}""",
        ["Trust"] = """{"spec":{"trustor":"a","trustee":"b"}}""",
        ["Credential"] = """{"spec":{"user":"a","type":"ec2"}}""",
        ["Region"] = """{"spec":{}}""",
        ["CatalogService"] = """{"spec":{"type":"identity"}}""",
        ["CatalogEndpoint"] = """{"spec":{"service":"a","interface":"public","url":"https://a"}}""",
        ["TokenRevocation"] = """{"spec":{"expirationTime":"2026-11-24T18:00:00Z"}}""",
        ["Image"] = """{"spec":{}}""",
        ["Network"] = """{"spec":{}}""",
        ["Subnet"] = """{"spec":{"network":"net","cidr":"10.0.0.0/24"}}""",
        ["SubnetPool"] = """{"spec":{"prefixes":["10.0.0.0/8"]}}""",
        ["Port"] = """{"spec":{"network":{"name":"net"},"fixedIPs":[{"subnet":"subnet","address":"10.0.0.5"}]}}""",
        ["Router"] = """{"spec":{"externalGateway":{"network":{"name":"public"}}}}""",
        ["SecurityGroup"] = """{"spec":{"rules":[{"id":"a","direction":"ingress","protocol":"tcp","portRangeMin":22,"portRangeMax":22}]}}""",
        ["FloatingIP"] = """{"spec":{"network":{"name":"public"}}}""",
        ["DataVolume"] = """{"spec":{"source":{"blank":{}},"pvc":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Mi"}}}}}""",
        ["Lease"] = """{"spec":{"holderIdentity":"a","leaseDurationSeconds":5}}""",
        ["FlowSchema"] = """{"spec":{"priorityLevelConfiguration":{"name":"workload-low"},"matchingPrecedence":9000,"rules":[{"subjects":[{"kind":"User","user":{"name":"nobody"}}],"resourceRules":[{"verbs":["get"],"apiGroups":[""],"resources":["pods"],"namespaces":["*"]}]}]}}""",
        ["PriorityLevelConfiguration"] = """{"spec":{"type":"Limited","limited":{"nominalConcurrencyShares":1,"limitResponse":{"type":"Reject"}}}}""",
        ["DeviceClass"] = """{"spec":{"selectors":[{"cel":{"expression":"true"}}]}}""",
        ["ResourceClaim"] = """{"spec":{"devices":{"requests":[{"name":"r","exactly":{"deviceClassName":"c"}}]}}}""",
        ["ResourceClaimTemplate"] = """{"spec":{"spec":{"devices":{"requests":[{"name":"r","exactly":{"deviceClassName":"c"}}]}}}}""",
        ["ResourceSlice"] = """{"spec":{"driver":"a.b","nodeName":"n","pool":{"name":"p","generation":1,"resourceSliceCount":1},"devices":[{"name":"d"}]}}""",
        ["MutatingWebhookConfiguration"] = Hooks,
        ["ValidatingWebhookConfiguration"] = Hooks,
        ["ValidatingAdmissionPolicy"] = "{\"spec\":" + Constraints + "\"validations\":[{\"expression\":\"true\"}]}}",
        ["MutatingAdmissionPolicy"] = "{\"spec\":" + Constraints + """ "reinvocationPolicy":"Never","mutations":[{"patchType":"ApplyConfiguration","applyConfiguration":{"expression":"Object{}"}}]}}""",
        ["ValidatingAdmissionPolicyBinding"] = """{"spec":{"policyName":"none","validationActions":["Deny"]}}""",
        ["MutatingAdmissionPolicyBinding"] = """{"spec":{"policyName":"none"}}""",
        ["ServiceCIDR"] = """{"spec":{"cidrs":["10.200.0.0/24"]}}""",
        ["IPAddress"] = """{"spec":{"parentRef":{"resource":"services","name":"a","namespace":"default"}}}""",
    };

    /// <param name="number">Makes the name one of its own.</param>
    internal static JsonObject Make(string apiVersion, string kind, int number, string ns)
    {
        var (value, name) = (JsonNode.Parse(Text(apiVersion, kind, number, ns))!.AsObject(), Name(kind, number));
        (value["apiVersion"], value["kind"], value["metadata"]) = (apiVersion, kind, new JsonObject { ["name"] = name, ["labels"] = new JsonObject { ["app"] = "a" }, ["annotations"] = new JsonObject { ["a.b/c"] = "d" } });
        return value;
    }

    internal static string Name(string kind, int number) => kind switch
    {
        "CustomResourceDefinition" => $"fuzz{number}s.fuzz.example",
        "APIService" => $"v{number + 1}.apis.example",
        "IPAddress" => $"10.96.{100 + number / 200}.{number % 200 + 1}",
        _ => "fuzz" + number,
    };

    private static string Text(string apiVersion, string kind, int number, string ns) => kind switch
    {
        "CustomResourceDefinition" => $$$$"""{"spec":{"group":"fuzz.example","scope":"Namespaced","names":{"kind":"Fuzz{{{{number}}}}","plural":"fuzz{{{{number}}}}s"},"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","x-kubernetes-preserve-unknown-fields":true} } } } }]} }""",
        "APIService" => $$$$"""{"spec":{"group":"apis.example","version":"v{{{{number + 1}}}}","groupPriorityMinimum":100,"versionPriority":100,"insecureSkipTLSVerify":true,"service":{"namespace":"none","name":"none"}}}""",
        "Event" when apiVersion == "v1" => $$$$"""{"involvedObject":{"kind":"Pod","namespace":"{{{{ns}}}}","name":"a"},"reason":"R","message":"m","type":"Normal"}""",
        "Event" => $$$$"""{"regarding":{"kind":"Pod","namespace":"{{{{ns}}}}","name":"a"},"reason":"R","note":"m","type":"Normal","action":"A","eventTime":"2026-01-01T00:00:00.000000Z","reportingController":"a.b/c","reportingInstance":"i"}""",
        "HorizontalPodAutoscaler" when apiVersion == "autoscaling/v1" => Scaled,
        "CertificateSigningRequest" => $$$$"""{"spec":{"signerName":"a.b/c","usages":["client auth"],"request":"{{{{Request.Value}}}}"}}""",
        _ => Known.GetValueOrDefault(kind, "{}"),
    };

    private static readonly Lazy<string> Request = new(static () =>
    {
        using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        var request = new System.Security.Cryptography.X509Certificates.CertificateRequest("CN=nobody", key, System.Security.Cryptography.HashAlgorithmName.SHA256);
        return Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes(request.CreateSigningRequestPem()));
    });
}
