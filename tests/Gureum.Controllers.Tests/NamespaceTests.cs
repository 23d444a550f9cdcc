using Gureum.Client;
using Gureum.Controllers.Tests.Support;
using Gureum.Objects.Apps.V1;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;

namespace Gureum.Controllers.Tests;

public sealed class NamespaceTests
{
    [Fact]
    public async Task Create_Namespace_GetsAccountAndCertificates()
    {
        await using var cluster = await TestCluster.StartAsync();
        await cluster.Client.CreateAsync(new Namespace { Metadata = new ObjectMeta { Name = "team" } });
        await cluster.UntilAsync<ServiceAccount>("team", "default", a => a is not null);
        var map = await cluster.UntilAsync<ConfigMap>("team", "kube-root-ca.crt", m => m is not null);
        Assert.Equal("test certificate", map.Data["ca.crt"]);
        await cluster.Client.DeleteAsync<ServiceAccount>("team", "default");
        await cluster.UntilAsync<ServiceAccount>("team", "default", a => a is not null);
    }

    [Fact]
    public async Task Delete_Namespace_EmptiesItAndGoes()
    {
        await using var cluster = await TestCluster.StartAsync();
        await cluster.Client.CreateAsync(new Namespace { Metadata = new ObjectMeta { Name = "team" } });
        await cluster.UntilAsync<ServiceAccount>("team", "default", a => a is not null);
        await cluster.CreateAsync<Deployment>(Samples.Deployment("web", 2).Replace("\"default\"", "\"team\""));
        await cluster.UntilAsync<Deployment>("team", "web", d => d?.Status.AvailableReplicas == 2);
        await cluster.Client.DeleteAsync<Namespace>(null, "team");
        await cluster.UntilAsync<Namespace>(null, "team", n => n is null);
        Assert.Empty((await cluster.Client.ListAsync<Pod>("team")).Items);
    }

    [Fact]
    public async Task Delete_NamespaceWithAPodThatStays_KeepsWhatThePodUses()
    {
        await using var cluster = await TestCluster.StartAsync(nodes: 0);
        await cluster.Client.CreateAsync(new Namespace { Metadata = new ObjectMeta { Name = "team" } });
        await cluster.UntilAsync<ServiceAccount>("team", "default", a => a is not null);
        await cluster.CreateAsync<ConfigMap>("""{"metadata":{"name":"used","namespace":"team"}}""");
        await cluster.CreateAsync<Pod>("""{"metadata":{"name":"stays","namespace":"team","finalizers":["test/stay"]},"spec":{"containers":[{"name":"main","image":"x"}]}}""");
        await cluster.Client.DeleteAsync<Namespace>(null, "team");
        await cluster.UntilAsync<Namespace>(null, "team", n => n?.Status.Conditions.Any(c => c is { Type: "NamespaceFinalizersRemaining", Status: "True" }) == true);

        Assert.NotNull(await cluster.Client.FindAsync<ConfigMap>("team", "used"));
        await cluster.Client.PatchAsync<Pod>("team", "stays", PatchType.Merge, """{"metadata":{"finalizers":null}}"""u8.ToArray());
        await cluster.UntilAsync<Namespace>(null, "team", n => n is null);
    }

    [Fact]
    public async Task Delete_ForegroundInACircleOfOwners_AllGo()
    {
        await using var cluster = await TestCluster.StartAsync(nodes: 0);
        var maps = new List<ConfigMap>();
        foreach (var name in (string[])["a", "b", "c"]) maps.Add(await cluster.CreateAsync<ConfigMap>($$$"""{"metadata":{"name":"{{{name}}}","namespace":"default"}}"""));
        for (var i = 0; i < 3; i++)
        {
            var owner = maps[(i + 2) % 3];
            await cluster.Client.UpdateAsync(maps[i] with { Metadata = maps[i].Metadata with { ResourceVersion = null, OwnerReferences = [new OwnerReference { ApiVersion = "v1", Kind = "ConfigMap", Name = owner.Metadata.Name, Uid = owner.Metadata.Uid, BlockOwnerDeletion = true, Controller = true }] } });
        }

        await cluster.Client.DeleteAsync<ConfigMap>("default", "a", new DeleteOptions { PropagationPolicy = "Foreground" });

        await cluster.UntilAsync<ConfigMap>("default", all => !all.Any(m => m.Metadata.Name is "a" or "b" or "c"));
    }

    [Fact]
    public async Task Secret_OfAccountTokenType_IsFilled()
    {
        await using var cluster = await TestCluster.StartAsync(nodes: 0);
        await cluster.UntilAsync<ServiceAccount>("default", "default", a => a is not null);
        await cluster.CreateAsync<Secret>("""{"metadata":{"name":"token","namespace":"default","annotations":{"kubernetes.io/service-account.name":"default"}},"type":"kubernetes.io/service-account-token"}""");
        var secret = await cluster.UntilAsync<Secret>("default", "token", s => s?.Data.ContainsKey("token") == true);
        Assert.Equal("default", System.Text.Encoding.UTF8.GetString(secret.Data["namespace"]));
        Assert.Equal(3, System.Text.Encoding.UTF8.GetString(secret.Data["token"]).Split('.').Length);
    }

    [Fact]
    public async Task Nodes_New_GetDistinctPodRanges()
    {
        await using var cluster = await TestCluster.StartAsync(nodes: 3);
        var nodes = await cluster.UntilAsync<Node>("", all => all.Count == 3 && all.All(n => n.Spec.PodCIDR is not null));
        Assert.Equal(3, nodes.Select(n => n.Spec.PodCIDR).Distinct().Count());
        Assert.All(nodes, n => Assert.EndsWith(".0/24", n.Spec.PodCIDR));
    }
}
