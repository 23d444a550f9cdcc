using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Verbs;

/// <summary>Which fields each kind can be selected by, and how other fields are refused.</summary>
public sealed class FieldSelectorTests(TestServer server)
{
    [Theory]
    [InlineData("/api/v1/pods", "metadata.name,metadata.namespace,spec.nodeName,spec.host,spec.restartPolicy,spec.schedulerName,spec.serviceAccountName,spec.hostNetwork,status.phase,status.podIP,status.podIPs,status.nominatedNodeName")]
    [InlineData("/api/v1/nodes", "metadata.name,spec.unschedulable")]
    [InlineData("/api/v1/namespaces", "metadata.name,status.phase")]
    [InlineData("/api/v1/secrets", "metadata.name,metadata.namespace,type")]
    [InlineData("/api/v1/services", "metadata.name,metadata.namespace,spec.clusterIP,spec.type")]
    [InlineData("/api/v1/replicationcontrollers", "metadata.name,metadata.namespace,status.replicas")]
    [InlineData("/api/v1/events", "metadata.name,metadata.namespace,involvedObject.kind,involvedObject.namespace,involvedObject.name,involvedObject.uid,involvedObject.apiVersion,involvedObject.resourceVersion,involvedObject.fieldPath,reason,reportingComponent,source,type")]
    [InlineData("/apis/events.k8s.io/v1/events", "metadata.name,metadata.namespace,regarding.kind,regarding.namespace,regarding.name,regarding.uid,regarding.apiVersion,regarding.resourceVersion,regarding.fieldPath,reason,reportingController,type")]
    [InlineData("/apis/batch/v1/jobs", "metadata.name,metadata.namespace,status.successful")]
    [InlineData("/apis/certificates.k8s.io/v1/certificatesigningrequests", "metadata.name,spec.signerName")]
    [InlineData("/apis/resource.k8s.io/v1/resourceslices", "metadata.name,spec.nodeName,spec.driver")]
    [InlineData("/api/v1/configmaps", "metadata.name,metadata.namespace")]
    [InlineData("/apis/rbac.authorization.k8s.io/v1/clusterroles", "metadata.name,metadata.namespace")]
    public async Task Kind_CanBeSelectedByItsFields(string path, string fields)
    {
        foreach (var field in fields.Split(','))
            foreach (var sign in (string[])["%3D", "%3D%3D", "!%3D"])
                Assert.Equal(200, (await server.Admin.GetAsync($"{path}?fieldSelector={field}{sign}x")).Code);
    }

    [Theory]
    [InlineData("/api/v1/pods", "spec.priority", "field label not supported: spec.priority")]
    [InlineData("/api/v1/nodes", "metadata.namespace", "field label not supported: metadata.namespace")]
    [InlineData("/api/v1/namespaces", "metadata.namespace", "field label not supported: metadata.namespace")]
    [InlineData("/api/v1/events", "regarding.name", "field label not supported: regarding.name")]
    [InlineData("/apis/events.k8s.io/v1/events", "involvedObject.name", "field label not supported: involvedObject.name")]
    [InlineData("/apis/batch/v1/jobs", "status.failed", "field label \"status.failed\" not supported for Job")]
    [InlineData("/apis/apps/v1/replicasets", "status.replicas", "\"status.replicas\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")]
    [InlineData("/api/v1/configmaps", "data.x", "\"data.x\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")]
    [InlineData("/apis/certificates.k8s.io/v1/certificatesigningrequests", "metadata.namespace", "field label not supported: metadata.namespace")]
    [InlineData("/apis/resource.k8s.io/v1/resourceslices", "spec.pool", "field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: spec.pool")]
    public async Task Kind_SelectedByAnotherField_IsRefusedAsUpstreamDoes(string path, string field, string message)
    {
        foreach (var query in (string[])["?", "?watch=true&"])
        {
            var answer = await server.Admin.GetAsync($"{path}{query}fieldSelector={field}%3Dx");
            Assert.Equal((400, "BadRequest", message), (answer.Code, answer.Reason, answer.Message));
        }
    }

    [Fact]
    public async Task Pods_SelectedByWhatIsNotSet_AreThoseWithTheZero()
    {
        var ns = await server.NamespaceAsync();
        (await server.Admin.PostAsync($"/api/v1/namespaces/{ns}/pods", """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}}""")).Ok();
        (await server.Admin.PostAsync($"/apis/batch/v1/namespaces/{ns}/jobs", """{"metadata":{"name":"j"},"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}}}""")).Ok();
        async Task<int> CountAsync(string path, string selector) => (await server.Admin.GetAsync($"{path}?fieldSelector={selector}")).Ok().Objects("items").Count();
        Assert.Equal(1, await CountAsync($"/api/v1/namespaces/{ns}/pods", "spec.hostNetwork%3Dfalse,spec.nodeName%3D,spec.host%3D,status.phase%3DPending"));
        Assert.Equal(0, await CountAsync($"/api/v1/namespaces/{ns}/pods", "spec.hostNetwork%3Dtrue"));
        Assert.Equal(1, await CountAsync($"/apis/batch/v1/namespaces/{ns}/jobs", "status.successful%3D0"));
    }

    [Fact]
    public async Task Events_WithoutASource_AreSelectedByWhoReports()
    {
        var ns = await server.NamespaceAsync();
        (await server.Admin.PostAsync($"/api/v1/namespaces/{ns}/events", $$"""{"metadata":{"name":"e"},"involvedObject":{"kind":"Pod","name":"p","namespace":"{{ns}}"},"reportingComponent":"example.com/maker","reportingInstance":"i","action":"A","reason":"R","type":"Normal","eventTime":"2026-01-02T03:04:05.000006Z"}""")).Ok();
        foreach (var (path, selector) in ((string, string)[])[("/api/v1", "source%3Dexample.com/maker"), ("/api/v1", "reportingComponent%3Dexample.com/maker"), ("/apis/events.k8s.io/v1", "reportingController%3Dexample.com/maker,regarding.name%3Dp")])
            Assert.Single((await server.Admin.GetAsync($"{path}/namespaces/{ns}/events?fieldSelector={selector}")).Ok().Objects("items"));
    }
}
