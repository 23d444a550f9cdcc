using System.Collections.Immutable;
using System.Net;
using System.Text;
using Gureum.Network.Policies;
using Gureum.Node.Networking;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Models;
using Gureum.Objects.Networking.V1;
using IPAddress = System.Net.IPAddress;

namespace Gureum.Node.Tests.Networking;

public sealed class PolicyTranslationTests
{
    private static readonly ImmutableSortedDictionary<string, string> Web = ImmutableSortedDictionary<string, string>.Empty.Add("app", "web"), None = ImmutableSortedDictionary<string, string>.Empty;

    // What the API defaults, and what an object written before that default has.
    [Theory]
    [InlineData("""{"podSelector":{}}""", 0, null)]
    [InlineData("""{"podSelector":{},"egress":[{}]}""", 0, 1)]
    [InlineData("""{"podSelector":{},"policyTypes":["Egress"]}""", null, 0)]
    [InlineData("""{"podSelector":{},"policyTypes":["Ingress"],"ingress":[{}],"egress":[{}]}""", 1, null)]
    [InlineData("""{"podSelector":{},"policyTypes":["Ingress","Egress"]}""", 0, 0)]
    public void Policy_Types_SayWhichDirectionsItIsAbout(string spec, int? ingress, int? egress)
    {
        var policy = Policy(spec);
        Assert.Equal((ingress, egress), (policy.Ingress?.Length, policy.Egress?.Length));
    }

    [Fact]
    public void Policy_Selectors_MatchLabelsAndExpressions()
    {
        var policy = Policy("""{"podSelector":{"matchLabels":{"app":"web"},"matchExpressions":[{"key":"old","operator":"DoesNotExist"},{"key":"tier","operator":"NotIn","values":["back"]}]}}""");
        Assert.True(policy.Pods.Matches(Web));
        Assert.False(policy.Pods.Matches(Web.Add("old", "")));
        Assert.False(policy.Pods.Matches(Web.Add("tier", "back")));
        Assert.False(policy.Pods.Matches(None));
        Assert.Equal("app=web,!old,tier!=back", policy.Pods.Text);
        // A policy without a selector is about all pods of its namespace.
        Assert.True(Policy("{}").Pods.Matches(None));
    }

    [Fact]
    public void Policy_Peers_KeepTheirSelectorsApart()
    {
        var peers = Policy("""{"ingress":[{"from":[{"podSelector":{"matchLabels":{"app":"web"}}},{"namespaceSelector":{}},{"namespaceSelector":{"matchLabels":{"team":"a"}},"podSelector":{"matchLabels":{"app":"web"}}}]}]}""").Ingress!.Value[0].Peers.Cast<PodPeer>().ToList();
        Assert.Equal([(null, "app=web"), ("", ""), ("team=a", "app=web")], peers.Select(p => (p.Namespaces?.Text, p.Pods.Text)));
    }

    [Fact]
    public void Policy_Blocks_AreMasked()
    {
        var block = (BlockPeer)Policy("""{"egress":[{"to":[{"ipBlock":{"cidr":"10.1.2.3/8","except":["10.9.8.7/16","10.0.0.1/32"]}}]}]}""").Egress!.Value[0].Peers[0];
        Assert.Equal((IPNetwork.Parse("10.0.0.0/8"), "10.9.0.0/16 10.0.0.1/32"), (block.Block, string.Join(' ', block.Except)));
        Assert.Equal(IPNetwork.Parse("2001:db8::/33"), ((BlockPeer)Policy("""{"egress":[{"to":[{"ipBlock":{"cidr":"2001:db8:1::1/33"}}]}]}""").Egress!.Value[0].Peers[0]).Block);
    }

    [Fact]
    public void Policy_Ports_AreNumbersRangesNamesOrWholeProtocols()
    {
        var rule = Policy("""{"ingress":[{"ports":[{"port":80},{"protocol":"UDP","port":8000,"endPort":8080},{"protocol":"SCTP"},{"port":"http"},{}]}]}""").Ingress!.Value[0];
        Assert.Equal([new PolicyPort("tcp", 80), new PolicyPort("udp", 8000, 8080), new PolicyPort("sctp"), new PolicyPort("tcp", Name: "http"), new PolicyPort("tcp")], rule.Ports);
        Assert.Empty(rule.Peers);
    }

    [Fact]
    public void Pod_OfThisNode_HasTheAddressThatTheNodeGaveItAndItsNamedPorts()
    {
        var pod = Pod("""{"nodeName":"here","containers":[{"name":"a","ports":[{"containerPort":80,"name":"http"},{"containerPort":53,"name":"dns","protocol":"UDP"},{"containerPort":9}]}],"initContainers":[{"name":"i","ports":[{"containerPort":1,"name":"gone"}]},{"name":"s","restartPolicy":"Always","ports":[{"containerPort":2,"name":"side"}]}]}""", "{}");
        Assert.Null(PolicyTranslation.Pod(pod, "here"));
        var known = PolicyTranslation.Pod(pod, "here", IPAddress.Parse("10.244.0.5"))!;
        Assert.True(known.Here);
        Assert.Equal([new NamedPort("http", "tcp", 80), new NamedPort("dns", "udp", 53), new NamedPort("side", "tcp", 2)], known.Ports);
        Assert.Equal([IPAddress.Parse("10.244.0.5")], known.Addresses);
    }

    [Theory]
    [InlineData("""{"nodeName":"there"}""", """{"phase":"Running","podIPs":[{"ip":"10.244.1.5"},{"ip":"fd00::5"}]}""", "10.244.1.5 fd00::5")]
    [InlineData("""{"nodeName":"there","hostNetwork":true}""", """{"phase":"Running","podIPs":[{"ip":"192.0.2.5"}]}""", null)]
    [InlineData("""{"nodeName":"there"}""", """{"phase":"Succeeded","podIPs":[{"ip":"10.244.1.5"}]}""", null)]
    [InlineData("""{"nodeName":"there"}""", """{"phase":"Pending"}""", null)]
    public void Pod_OfAnotherNode_HasTheAddressesOfItsStatusWhileItHasThem(string spec, string status, string? addresses)
    {
        var pod = PolicyTranslation.Pod(Pod(spec, status), "here");
        Assert.Equal(addresses, pod is null ? null : string.Join(' ', pod.Addresses));
        Assert.NotEqual(true, pod?.Here);
    }

    private static PolicySpec Policy(string spec) => PolicyTranslation.Policy(Read<NetworkPolicy>($$"""{"metadata":{"name":"p","namespace":"shop"},"spec":{{spec}}}"""));

    private static Pod Pod(string spec, string status) => Read<Pod>($$"""{"metadata":{"name":"p","namespace":"shop","uid":"u"},"spec":{{spec}},"status":{{status}}}""");

    private static T Read<T>(string json) where T : class, IKubeObject<T> => ModelJson.Parse<T>(Encoding.UTF8.GetBytes(json));
}
