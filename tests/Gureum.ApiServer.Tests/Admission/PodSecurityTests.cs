using Gureum.ApiServer.Tests.Support;

namespace Gureum.ApiServer.Tests.Admission;

public sealed class PodSecurityTests(TestServer server)
{
    [Theory]
    [InlineData("baseline", """{"hostNetwork":true,"containers":[{"name":"c","image":"i"}]}""", "violates PodSecurity \"baseline:latest\": host namespaces (hostNetwork=true)")]
    [InlineData("baseline", """{"containers":[{"name":"c","image":"i","securityContext":{"privileged":true}}]}""", "privileged (container \"c\" must not set securityContext.privileged=true)")]
    [InlineData("baseline", """{"volumes":[{"name":"v","hostPath":{"path":"/"}}],"containers":[{"name":"c","image":"i"}]}""", "hostPath volumes (volume \"v\")")]
    [InlineData("baseline", """{"containers":[{"name":"c","image":"i","ports":[{"containerPort":80,"hostPort":80}]}]}""", "hostPort (container \"c\" uses hostPort 80)")]
    [InlineData("baseline", """{"containers":[{"name":"c","image":"i","securityContext":{"capabilities":{"add":["NET_ADMIN"]}}}]}""", "non-default capabilities (container \"c\" must not include \"NET_ADMIN\" in securityContext.capabilities.add)")]
    [InlineData("restricted", """{"containers":[{"name":"c","image":"i"}]}""", "violates PodSecurity \"restricted:latest\": allowPrivilegeEscalation != false (container \"c\" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container \"c\" must set securityContext.capabilities.drop=[\"ALL\"]), runAsNonRoot != true (pod or container \"c\" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container \"c\" must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")")]
    public async Task Pod_BelowTheLevel_IsRefusedWithEveryReason(string level, string spec, string message)
    {
        var ns = await LabelledAsync("enforce", level);
        var answer = await server.Admin.PostAsync($"/api/v1/namespaces/{ns}/pods", $$$"""{"metadata":{"name":"p"},"spec":{{{spec}}}}""");
        Assert.Equal(403, answer.Code);
        Assert.Contains(message, answer.Message);
    }

    [Fact]
    public async Task Pod_ThatIsRestricted_IsLetThrough()
    {
        var ns = await LabelledAsync("enforce", "restricted");
        (await server.Admin.PostAsync($"/api/v1/namespaces/{ns}/pods", """{"metadata":{"name":"p"},"spec":{"securityContext":{"runAsNonRoot":true,"seccompProfile":{"type":"RuntimeDefault"}},"containers":[{"name":"c","image":"i","securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]}}}]}}""")).Ok();
    }

    [Fact]
    public async Task Deployment_WhosePodsWouldBeRefused_IsWarnedAbout()
    {
        var ns = await LabelledAsync("warn", "baseline");
        var answer = await server.Admin.PostAsync($"/apis/apps/v1/namespaces/{ns}/deployments", """{"metadata":{"name":"d"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"hostPID":true,"containers":[{"name":"c","image":"i"}]}}}}""");
        Assert.Equal(201, answer.Code);
        Assert.Contains("would violate PodSecurity \\\"baseline:latest\\\": host namespaces (hostPID=true)", string.Join("", answer.Headers.GetValues("Warning")));
    }

    private async Task<string> LabelledAsync(string mode, string level)
    {
        var ns = await server.NamespaceAsync();
        (await server.Admin.PatchAsync($"/api/v1/namespaces/{ns}", $$$$"""{"metadata":{"labels":{"pod-security.kubernetes.io/{{{{mode}}}}":"{{{{level}}}}"}}}""", Api.Merge)).Ok();
        return ns;
    }
}
