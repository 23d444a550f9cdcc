using System.Text.Json.Nodes;
using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Definitions;

/// <summary>Names of definitions, and what becomes of a definition's objects when it ends.</summary>
public sealed class DefinedNamesTests(TestServer server)
{
    private const string Definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

    private static string Body(string group, string kind, string plural) => $$$"""
        {"metadata":{"name":"{{{plural}}}.{{{group}}}"},"spec":{"group":"{{{group}}}","scope":"Namespaced","names":{"kind":"{{{kind}}}","plural":"{{{plural}}}"},
         "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"} } }]}}
        """;

    private async Task<JsonObject> ConditionAsync(string name, string type, string status)
    {
        for (var tries = 0; tries < 500; tries++)
        {
            var found = (await server.Admin.GetAsync($"{Definitions}/{name}")).Ok().Child("status")?.Objects("conditions").FirstOrDefault(c => c.Text("type") == type && c.Text("status") == status);
            if (found is not null) return found;
            await Task.Delay(20);
        }
        throw new InvalidOperationException($"{name} never had the condition {type}={status}");
    }

    [Fact]
    public async Task Kind_ThatAnotherDefinitionHolds_IsRefusedUntilThatOneGoes()
    {
        const string group = "names.example.com";
        await TestDefinitions.CreateAsync(server.Admin, group, "Cog", "cogs", """{"type":"object"}""");
        (await server.Admin.PostAsync(Definitions, Body(group, "Cog", "othercogs"))).Ok();
        var refused = await ConditionAsync("othercogs." + group, "NamesAccepted", "False");
        Assert.Equal(("ListKindConflict", "\"CogList\" is already in use"), (refused.Text("reason"), refused.Text("message")));
        Assert.Equal("NotAccepted", (await ConditionAsync("othercogs." + group, "Established", "False")).Text("reason"));
        Assert.Equal(404, (await server.Admin.GetAsync($"/apis/{group}/v1/othercogs")).Code);
        (await server.Admin.DeleteAsync($"{Definitions}/cogs.{group}")).Ok();
        Assert.Equal("InitialNamesAccepted", (await ConditionAsync("othercogs." + group, "Established", "True")).Text("reason"));
        (await server.Admin.GetAsync($"/apis/{group}/v1/othercogs")).Ok();
    }

    [Fact]
    public async Task Definition_Deleted_WaitsForItsObjectsAndTakesNoNewOnes()
    {
        const string group = "ending.example.com";
        var ns = await server.NamespaceAsync();
        await TestDefinitions.CreateAsync(server.Admin, group, "Cog", "cogs", """{"type":"object"}""");
        var objects = $"/apis/{group}/v1/namespaces/{ns}/cogs";
        (await server.Admin.PostAsync(objects, $$$"""{"apiVersion":"{{{group}}}/v1","kind":"Cog","metadata":{"name":"held","finalizers":["example.com/hold"]}}""")).Ok();
        (await server.Admin.DeleteAsync($"{Definitions}/cogs.{group}")).Ok();
        Assert.Equal("InstanceDeletionInProgress", (await ConditionAsync("cogs." + group, "Terminating", "True")).Text("reason"));
        var refused = await server.Admin.PostAsync(objects, $$$"""{"apiVersion":"{{{group}}}/v1","kind":"Cog","metadata":{"name":"late"}}""");
        Assert.Equal((405, "create not allowed while custom resource definition is terminating"), (refused.Code, refused.Message));
        for (var tries = 0; tries < 500 && (await server.Admin.GetAsync(objects + "/held")).Ok().Child("metadata")!.Text("deletionTimestamp") is null; tries++) await Task.Delay(20);
        Assert.NotNull((await server.Admin.GetAsync(objects + "/held")).Ok().Child("metadata")!.Text("deletionTimestamp"));
        (await server.Admin.GetAsync($"{Definitions}/cogs.{group}")).Ok();
        (await server.Admin.PatchAsync(objects + "/held", """{"metadata":{"finalizers":null}}""", Api.Merge)).Ok();
        var gone = false;
        for (var tries = 0; tries < 500 && !gone; tries++)
        {
            gone = (await server.Admin.GetAsync($"{Definitions}/cogs.{group}")).Code == 404;
            if (!gone) await Task.Delay(20);
        }
        Assert.True(gone, "the definition stays though its last object has gone");
        // What is served follows the store a moment later.
        for (var tries = 0; tries < 500 && (await server.Admin.GetAsync(objects)).Code != 404; tries++) await Task.Delay(20);
        Assert.Equal(404, (await server.Admin.GetAsync(objects)).Code);
    }
}
