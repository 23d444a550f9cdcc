using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Support;

/// <summary>Custom resource definitions for tests.</summary>
internal static class TestDefinitions
{
    /// <summary>Creates a namespaced definition of one version and waits until it is served.</summary>
    internal static async Task CreateAsync(Api api, string group, string kind, string plural, string schema, string subresources = "{}", string columns = "[]")
    {
        var name = plural + "." + group;
        (await api.PostAsync("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", $$$"""
            {"metadata":{"name":"{{{name}}}"},"spec":{"group":"{{{group}}}","scope":"Namespaced","names":{"kind":"{{{kind}}}","plural":"{{{plural}}}"},
             "versions":[{"name":"v1","served":true,"storage":true,"subresources":{{{subresources}}},"additionalPrinterColumns":{{{columns}}},"schema":{"openAPIV3Schema":{{{schema}}}}}]}}
            """)).Ok();
        while ((await api.GetAsync($"/apis/{group}/v1/{plural}")).Code == 404) await Task.Delay(20);
        while ((await api.GetAsync($"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}")).Ok().Child("status")?.Objects("conditions").Any(c => c.Text("type") == "Established") != true) await Task.Delay(20);
    }
}
