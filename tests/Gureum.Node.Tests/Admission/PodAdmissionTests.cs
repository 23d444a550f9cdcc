using System.Text;
using Gureum.Node.Admission;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Models;
using NodeObject = Gureum.Objects.Core.V1.Node;

namespace Gureum.Node.Tests.Admission;

public sealed class PodAdmissionTests
{
    private static readonly NodeObject Node = ModelJson.Parse<NodeObject>("""
        {"metadata":{"name":"n1","labels":{"disk":"ssd"}},"spec":{"taints":[{"key":"drain","value":"now","effect":"NoExecute"},{"key":"busy","effect":"NoSchedule"}]},
         "status":{"allocatable":{"cpu":"2","memory":"1Gi","pods":"3"}}}
        """u8);

    private static Pod Pod(string spec, string container = "") => ModelJson.Parse<Pod>(Encoding.UTF8.GetBytes($$$"""
        {"metadata":{"name":"p"},"spec":{"tolerations":[{"key":"drain","operator":"Exists"}],"containers":[{"name":"main"{{{container}}}}]{{{spec}}}}}
        """));

    private static Pod Asking(string cpu) => Pod("", $$$""","resources":{"requests":{"cpu":"{{{cpu}}}"}}""");

    private static Pod WithPort(string port) => Pod("", $$$""","ports":[{"containerPort":80,{{{port}}}}]""");

    [Fact]
    public void Judge_PodThatFits_IsTaken() => Assert.Null(PodAdmission.Judge(Pod(""","nodeSelector":{"disk":"ssd"}"""), Node, [Asking("1")]));

    [Theory]
    [InlineData("1", "1", null)]
    [InlineData("1500m", "600m", "Pod was rejected: Node didn't have enough resource: cpu, requested: 600, used: 1500, capacity: 2000")]
    public void Judge_Cpu_CountsWhatOthersAskFor(string others, string asked, string? message)
    {
        var rejection = PodAdmission.Judge(Asking(asked), Node, [Asking(others)]);
        Assert.Equal(message, rejection?.Message);
        if (message is not null) Assert.Equal("OutOfcpu", rejection!.Reason);
    }

    [Fact]
    public void Judge_MorePodsThanAllowed_OutOfPods() => Assert.Equal("OutOfpods", PodAdmission.Judge(Pod(""), Node, [Pod(""), Pod(""), Pod("")])?.Reason);

    [Theory]
    [InlineData("""{"sysctls":[{"name":"kernel.shm_rmid_forced","value":"1"}]}""", "", null)]
    [InlineData("""{"sysctls":[{"name":"net/ipv4/tcp_syncookies","value":"1"}]}""", "", null)]
    [InlineData("""{"sysctls":[{"name":"kernel.msgmax","value":"1"}]}""", "", "Pod was rejected: forbidden sysctl: \"kernel.msgmax\" not allowlisted")]
    [InlineData("""{"sysctls":[{"name":"net.ipv4.tcp_rmem","value":"1"}]}""", ""","hostNetwork":true""", "Pod was rejected: forbidden sysctl: \"net.ipv4.tcp_rmem\" not allowed with host net enabled")]
    public void Judge_Sysctls_OnlySafeOnesOfItsOwnAreTaken(string context, string more, string? message) =>
        Assert.Equal(message, PodAdmission.Judge(Pod($$""","securityContext":{{context}}{{more}}"""), Node, [])?.Message);

    [Fact]
    public void Judge_WrongLabels_NodeAffinity() =>
        Assert.Equal("Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector", PodAdmission.Judge(Pod(""","nodeSelector":{"disk":"tape"}"""), Node, [])?.Message);

    [Theory]
    [InlineData("\"hostPort\":80", "\"hostPort\":80", true)]
    [InlineData("\"hostPort\":80", "\"hostPort\":81", false)]
    [InlineData("\"hostPort\":80", "\"hostPort\":80,\"protocol\":\"UDP\"", false)]
    [InlineData("\"hostPort\":80,\"hostIP\":\"10.0.0.1\"", "\"hostPort\":80,\"hostIP\":\"10.0.0.2\"", false)]
    [InlineData("\"hostPort\":80,\"hostIP\":\"10.0.0.1\"", "\"hostPort\":80", true)]
    public void Judge_HostPorts_CollideOnTheSameAddress(string taken, string wanted, bool refused) =>
        Assert.Equal(refused ? "NodePorts" : null, PodAdmission.Judge(WithPort(wanted), Node, [WithPort(taken)])?.Reason);

    [Fact]
    public void Judge_TaintThatDrivesOut_Refused()
    {
        var bare = Pod("");
        Assert.Equal("TaintToleration", PodAdmission.Judge(bare with { Spec = bare.Spec with { Tolerations = [] } }, Node, [])?.Reason);
    }

    [Fact]
    public void Judge_NodeThatHasNotSaidWhatItHas_TakesAnything() => Assert.Null(PodAdmission.Judge(Asking("64"), Node with { Status = new NodeStatus() }, []));

    [Fact]
    public void Judge_ExtendedResourceThatTheNodeDoesNotCount_IsPassedOver() =>
        Assert.Null(PodAdmission.Judge(Pod("", ""","resources":{"requests":{"example.com/gpu":"1"},"limits":{"example.com/gpu":"1"}}"""), Node, []));
}
