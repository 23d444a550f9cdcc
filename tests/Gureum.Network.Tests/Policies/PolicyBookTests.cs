using CsCheck;
using Gureum.Network.Nftables;
using Gureum.Network.Policies;
using Gureum.Network.Tests.Support;
using static Gureum.Network.Tests.Support.PolicySamples;

namespace Gureum.Network.Tests.Policies;

public sealed class PolicyBookTests
{
    private readonly PolicyBook _book = new(Options);

    public PolicyBookTests() => _book.Change(Cluster(Ingress("web", "app=web", Rule(PodsWith("app=client")).At(new PolicyPort("tcp", 80))), Egress("web-out", "app=web")));

    [Fact]
    public void Change_OfAPeersPod_ChangesElementsOnly()
    {
        var commands = _book.Change(new PolicyChange { Pods = [Pod("client-2", "10.244.1.9", "app=client", here: false)] });
        Assert.Matches("^add element ip gureum-policies pods-[0-9a-f]+ { 10.244.1.9 }\n$", commands);
        Assert.Matches("^delete element ip gureum-policies pods-[0-9a-f]+ { 10.244.1.9 }\n$", _book.Change(new PolicyChange { PodsGone = ["client-2"] }));
    }

    [Fact]
    public void Change_OfAnIsolatedPodHere_ChangesElementsOnly()
    {
        var commands = _book.Change(new PolicyChange { Pods = [Pod("web-2", "10.244.0.9", "app=web")] });
        Assert.All(commands.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.StartsWith("add element ", line, StringComparison.Ordinal));
        Assert.Matches("ingress { 10.244.0.9 : goto in-isolated-", commands);
        Assert.Matches("egress { 10.244.0.9 : goto out-isolated-", commands);
        Assert.Contains("to-itself { 10.244.0.9 . 10.244.0.9 }", commands, StringComparison.Ordinal);
    }

    [Fact]
    public void Change_ToTheSame_IsEmpty()
    {
        var pod = Pod("client", "10.244.0.6", "app=client");
        Assert.Equal("", _book.Change(new PolicyChange { Pods = [pod], Namespaces = [("shop", Labels("team=a"))] }));
    }

    [Fact]
    public void Change_OfAPodElsewhereThatPoliciesSelect_IsolatesNothingHere() =>
        Assert.Equal("", _book.Change(new PolicyChange { Pods = [Pod("web-9", "10.244.1.99", "app=web", here: false)] }));

    [Fact]
    public void Change_OfAPodsLabels_TakesItOutOfItsPoliciesAndPeers()
    {
        Assert.Matches("delete element ip gureum-policies pods-[0-9a-f]+ { 10.244.0.6 }", _book.Change(new PolicyChange { Pods = [Pod("client", "10.244.0.6", "app=other")] }));
        Assert.Matches("delete element ip gureum-policies ingress { 10.244.0.5 }", _book.Change(new PolicyChange { Pods = [Pod("web-0", "10.244.0.5", "app=other")] }));
    }

    [Fact]
    public void Change_OfANamespacesLabels_MovesItsPods()
    {
        _book.Change(new PolicyChange { Policies = [Ingress("team", "app=web", Rule(PodsOf("team=c")))] });
        Assert.Matches("^add element ip gureum-policies pods-[0-9a-f]+ { 10.244.0.7 }\nadd element ip gureum-policies pods-[0-9a-f]+ { 10.244.1.7 }\n$",
            string.Join('\n', _book.Change(new PolicyChange { Namespaces = [("other", Labels("team=c"))] }).Split('\n').Where(l => l.Length > 0).Order(StringComparer.Ordinal)) + "\n");
        Assert.Matches("delete element", _book.Change(new PolicyChange { NamespacesGone = ["other"] }));
    }

    [Fact]
    public void Change_TwoPodsOfOneAddress_TheOtherInherits()
    {
        // A guest that migrates has two pods for a moment.
        Assert.Equal("", _book.Change(new PolicyChange { Pods = [Pod("web-0-there", "10.244.0.5", "app=web")] }));
        Assert.Equal("", _book.Change(new PolicyChange { PodsGone = ["web-0"] }));
        Assert.Contains("delete element ip gureum-policies ingress { 10.244.0.5 }", _book.Change(new PolicyChange { PodsGone = ["web-0-there"] }), StringComparison.Ordinal);
    }

    /// <summary>Any history of changes leaves the kernel with what a replacement of the table would.</summary>
    [Fact]
    public void Change_AnyHistory_EqualsAFreshTable()
    {
        using var node = new TestNode(setup: false);
        var options = Options with { Namespace = node.Space };
        string[] labels = ["app=web", "app=client", "app=web tier=front", ""];
        var step = Gen.Select(Gen.Int[0, 8], Gen.Int[0, 3], Gen.Int[0, 3], Gen.Int[0, 3]);
        step.Array[1, 14].Sample(steps =>
        {
            var enforcer = new PolicyEnforcer(options);
            enforcer.Replace(new PolicyChange());
            var policies = new Dictionary<PolicyKey, PolicySpec>();
            var pods = new Dictionary<string, PolicyPod>();
            var namespaces = new Dictionary<string, string>();
            foreach (var (kind, name, a, b) in steps)
            {
                var ns = name % 2 == 0 ? "shop" : "other";
                PolicyChange change;
                if (kind <= 2)
                {
                    PolicyPeer[] peers = [PodsWith(labels[b]), PodsOf("team=a", labels[a]), Block("10.0.0.0/8", "10.1.0.0/16"), PodsOf("")];
                    PolicyRule rule = Rule([.. peers.Take(a)]).At(b == 0 ? [] : b == 1 ? [new PolicyPort("tcp", 80)] : [new PolicyPort("tcp", Name: "http"), new PolicyPort("udp")]);
                    var policy = new PolicySpec(new PolicyKey(ns, $"p{name}"), Labelled(labels[a]), kind == 1 ? null : [rule], kind == 0 ? null : [rule]);
                    policies[policy.Key] = policy;
                    change = new PolicyChange { Policies = [policy] };
                }
                else if (kind == 3) { policies.Remove(new PolicyKey(ns, $"p{name}")); change = new PolicyChange { PoliciesGone = [new PolicyKey(ns, $"p{name}")] }; }
                else if (kind <= 6)
                {
                    var pod = Pod($"pod{name}", b == 3 ? "" : $"10.244.0.{name + b}", labels[a], ns, here: kind != 6, new NamedPort("http", "tcp", (ushort)(80 + b)));
                    pods[pod.Uid] = pod;
                    change = new PolicyChange { Pods = [pod] };
                }
                else if (kind == 7) { pods.Remove($"pod{name}"); change = new PolicyChange { PodsGone = [$"pod{name}"] }; }
                else { namespaces[ns] = a == 0 ? "" : "team=a"; change = new PolicyChange { Namespaces = [(ns, Labels(namespaces[ns]))] }; }
                enforcer.Apply(change);
            }
            var byHistory = PolicyRendererTests.Listing(node);
            enforcer.Replace(new PolicyChange { Policies = [.. policies.Values], Pods = [.. pods.Values], Namespaces = [.. namespaces.Select(n => (n.Key, Labels(n.Value)))] });
            Assert.Equal(byHistory, PolicyRendererTests.Listing(node));
        }, iter: 40, threads: 1);
    }
}
