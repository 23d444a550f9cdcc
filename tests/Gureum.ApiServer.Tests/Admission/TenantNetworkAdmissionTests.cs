using System.Text.Json.Nodes;
using Gureum.ApiServer.Tests.Support;

namespace Gureum.ApiServer.Tests.Admission;

/// <summary>Two tenants at the Kubernetes API: what the one may not do to the other's networks, and what both may do with those of the cloud.</summary>
public sealed class TenantNetworkAdmissionTests(TestServer server)
{
    private const string Base = "/apis/network.gureum.io/v1";

    [Fact]
    public async Task Network_IsSharedExternalOrOnAChosenSegmentByItsAdministratorAlone()
    {
        var (ns, tenant) = await TenantAsync("net1");
        foreach (string field in (string[])["shared", "external"]) Refused(await tenant.PostAsync($"{Base}/namespaces/{ns}/networks", $$$"""{"metadata":{"name":"x"},"spec":{"{{{field}}}":true}}"""), $"spec.{field} is an administrator's to change");
        (await server.Admin.PostAsync($"{Base}/namespaces/{ns}/networks", """{"metadata":{"name":"first"},"spec":{"segment":900001}}""")).Ok();
        Refused(await tenant.PostAsync($"{Base}/namespaces/{ns}/networks", """{"metadata":{"name":"x"},"spec":{"segment":900001}}"""), "spec.segment 900001 is another network's");
        (await tenant.PostAsync($"{Base}/namespaces/{ns}/networks", """{"metadata":{"name":"second"},"spec":{"segment":900002}}""")).Ok();
        Refused(await tenant.PatchAsync($"{Base}/namespaces/{ns}/networks/second", """{"spec":{"segment":900003}}""", Api.Merge), "spec.segment does not change");
        (await tenant.PatchAsync($"{Base}/namespaces/{ns}/networks/second", """{"spec":{"description":"mine"}}""", Api.Merge)).Ok();
    }

    [Fact]
    public async Task Port_StandsOnItsOwnNamespacesNetworksAndOnSharedOnes_AtAddressesThatAreFree()
    {
        var (ns, tenant) = await TenantAsync("port1");
        var (other, _) = await TenantAsync("port2");
        (await server.Admin.PostAsync($"{Base}/namespaces/{other}/networks", """{"metadata":{"name":"private"},"spec":{}}""")).Ok();
        (await server.Admin.PostAsync($"{Base}/namespaces/{other}/networks", """{"metadata":{"name":"common"},"spec":{"shared":true}}""")).Ok();
        (await server.Admin.PostAsync($"{Base}/namespaces/{other}/ports", """{"metadata":{"name":"theirs"},"spec":{"network":{"name":"common"},"fixedIPs":[{"subnet":"s","address":"10.0.0.5"}]}}""")).Ok();
        string On(string network, string address, string more = "") => $$$"""{"metadata":{"generateName":"p-"},"spec":{"network":{"namespace":"{{{other}}}","name":"{{{network}}}"},"fixedIPs":[{"subnet":"s","address":"{{{address}}}"}]{{{more}}}}}""";
        Refused(await tenant.PostAsync($"{Base}/namespaces/{ns}/ports", On("private", "10.0.0.6")), $"there is no network private in namespace {other} that is shared");
        Refused(await tenant.PostAsync($"{Base}/namespaces/{ns}/ports", On("nothing", "10.0.0.6")), "there is no network nothing");
        Refused(await tenant.PostAsync($"{Base}/namespaces/{ns}/ports", On("common", "10.0.0.5")), "10.0.0.5 is another's");
        Refused(await tenant.PostAsync($"{Base}/namespaces/{ns}/ports", On("common", "10.0.0.6", ""","deviceOwner":"network:dhcp" """)), "network:dhcp is for ports that the cloud makes itself");
        (await tenant.PostAsync($"{Base}/namespaces/{ns}/ports", On("common", "10.0.0.6"))).Ok();
        (await tenant.PostAsync($"{Base}/namespaces/{ns}/networks", """{"metadata":{"name":"own"},"spec":{}}""")).Ok();
        (await tenant.PostAsync($"{Base}/namespaces/{ns}/ports", """{"metadata":{"name":"mine"},"spec":{"network":{"name":"own"}}}""")).Ok();
        Refused(await tenant.PatchAsync($"{Base}/namespaces/{ns}/ports/mine", $$$"""{"spec":{"network":{"namespace":"{{{other}}}","name":"private" } } }""", Api.Merge), "spec.network does not change");
    }

    [Fact]
    public async Task Router_IsReachedIntoByItsOwnNamespaceAlone_AndLeadsToExternalNetworks()
    {
        var (ns, tenant) = await TenantAsync("router1");
        var (other, _) = await TenantAsync("router2");
        JsonNode foreign = (await server.Admin.PostAsync($"{Base}/namespaces/{other}/routers", """{"metadata":{"name":"theirs"},"spec":{}}""")).Ok();
        (await server.Admin.PostAsync($"{Base}/namespaces/{other}/networks", """{"metadata":{"name":"inside"},"spec":{}}""")).Ok();
        (await server.Admin.PostAsync($"{Base}/namespaces/{other}/networks", """{"metadata":{"name":"outside"},"spec":{"external":true}}""")).Ok();
        (await tenant.PostAsync($"{Base}/namespaces/{ns}/networks", """{"metadata":{"name":"own"},"spec":{}}""")).Ok();
        string Leg(string router) => $$$"""{"metadata":{"generateName":"leg-"},"spec":{"network":{"name":"own"},"deviceOwner":"network:router_interface","deviceID":"{{{router}}}"}}""";
        Refused(await tenant.PostAsync($"{Base}/namespaces/{ns}/ports", Leg((string)foreign["metadata"]!["uid"]!)), "is no router of this namespace");
        string Gateway(string network) => $$$"""{"metadata":{"generateName":"r-"},"spec":{"externalGateway":{"network":{"namespace":"{{{other}}}","name":"{{{network}}}" } } } }""";
        Refused(await tenant.PostAsync($"{Base}/namespaces/{ns}/routers", Gateway("inside")), "there is no external network inside");
        JsonNode own = (await tenant.PostAsync($"{Base}/namespaces/{ns}/routers", Gateway("outside"))).Ok();
        (await tenant.PostAsync($"{Base}/namespaces/{ns}/ports", Leg((string)own["metadata"]!["uid"]!))).Ok();

        string Floating(string network, string address, string port) => $$$"""{"metadata":{"generateName":"f-"},"spec":{"network":{"namespace":"{{{other}}}","name":"{{{network}}}"},"address":"{{{address}}}","port":{{{port}}}}}""";
        Refused(await tenant.PostAsync($"{Base}/namespaces/{ns}/floatingips", Floating("inside", "192.0.2.5", "null")), "there is no external network inside");
        Refused(await tenant.PostAsync($"{Base}/namespaces/{ns}/floatingips", Floating("outside", "192.0.2.5", $$"""{"namespace":"{{other}}","name":"p"}""")), "a floating IP stands for a port beside it");
        (await tenant.PostAsync($"{Base}/namespaces/{ns}/floatingips", Floating("outside", "192.0.2.5", "null"))).Ok();
        Refused(await tenant.PostAsync($"{Base}/namespaces/{ns}/floatingips", Floating("outside", "192.0.2.5", "null")), "192.0.2.5 is another's");
    }

    private static void Refused(Answer answer, string reason)
    {
        Assert.Equal(403, answer.Code);
        Assert.Contains(reason, answer.Message, StringComparison.Ordinal);
    }

    private async Task<(string Namespace, Api Tenant)> TenantAsync(string name)
    {
        string ns = await server.NamespaceAsync();
        (await server.Admin.PostAsync($"/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/rolebindings", $$"""{"metadata":{"name":"edit"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"edit"},"subjects":[{"kind":"User","name":"{{name}}","apiGroup":"rbac.authorization.k8s.io"}]}""")).Ok();
        return (ns, server.As(name));
    }
}
