using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Machines;

public sealed class MachineSubresourceTests(TestServer server)
{
    private const string Machines = "/apis/kubevirt.io/v1/namespaces/", Asked = "/apis/subresources.kubevirt.io/v1/namespaces/";

    [Theory]
    // run strategy, phase of the instance ("" for none), what is asked → code, run strategy, requests
    [InlineData("Halted", "", "start", 202, "Always", "")]
    [InlineData("Always", "Running", "start", 409, "Always", "")]
    [InlineData("Always", "", "start", 409, "Always", "")]
    [InlineData("Once", "", "start", 409, "Once", "")]
    [InlineData("Manual", "", "start", 202, "Manual", "Start")]
    [InlineData("Manual", "Succeeded", "start", 202, "Manual", "Start")]
    [InlineData("Always", "Running", "stop", 202, "Halted", "")]
    [InlineData("Halted", "", "stop", 409, "Halted", "")]
    [InlineData("Manual", "Running", "stop", 202, "Manual", "Stop")]
    [InlineData("RerunOnFailure", "", "stop", 409, "RerunOnFailure", "")]
    [InlineData("Always", "Running", "restart", 202, "Always", "Stop,Start")]
    [InlineData("Manual", "Running", "restart", 202, "Manual", "Stop,Start")]
    [InlineData("Halted", "", "restart", 409, "Halted", "")]
    [InlineData("Always", "Failed", "restart", 409, "Always", "")]
    public async Task Wish_OfAMachine_IsWrittenOrRefused(string strategy, string phase, string wish, int code, string after, string requests)
    {
        var ns = await MachineAsync(strategy, phase);
        var answer = await server.Admin.PutAsync($"{Asked}{ns}/virtualmachines/m/{wish}", "{}");
        Assert.Equal(code, answer.Code);
        var machine = (await server.Admin.GetAsync($"{Machines}{ns}/virtualmachines/m")).Ok();
        Assert.Equal(after, machine.Child("spec")!.Text("runStrategy"));
        Assert.Equal(requests, string.Join(',', (machine.Child("status") ?? []).Objects("stateChangeRequests").Select(r => r.Text("action"))));
    }

    [Fact]
    public async Task Stop_WhileOneIsUnderWay_IsRefused()
    {
        var ns = await MachineAsync("Manual", "Running");
        Assert.Equal(202, (await server.Admin.PutAsync($"{Asked}{ns}/virtualmachines/m/stop", "")).Code);
        var again = await server.Admin.PutAsync($"{Asked}{ns}/virtualmachines/m/stop", "");
        Assert.Equal((409, true), (again.Code, again.Message.Contains("stop/start already underway")));
    }

    [Fact]
    public async Task Migrate_OfARunningMachine_MakesAMigration()
    {
        var ns = await MachineAsync("Always", "Running");
        Assert.Equal(202, (await server.Admin.PutAsync($"{Asked}{ns}/virtualmachines/m/migrate", "")).Code);
        var made = (await server.Admin.GetAsync($"{Machines}{ns}/virtualmachineinstancemigrations")).Ok().Objects("items").Single();
        Assert.Equal("m", made.Child("spec")!.Text("vmiName"));
    }

    [Fact]
    public async Task Volume_AddedAndRemoved_StandsInMachineAndInstance()
    {
        var ns = await MachineAsync("Always", "Running");
        Assert.Equal(202, (await server.Admin.PutAsync($"{Asked}{ns}/virtualmachines/m/addvolume", """{"name":"extra","disk":{"disk":{"bus":"virtio"},"serial":"e1"},"volumeSource":{"persistentVolumeClaim":{"claimName":"c"}}}""")).Code);
        foreach (var spec in await SpecsAsync(ns))
            Assert.Equal(("extra", true), (spec.Objects("volumes").Single().Text("name"), spec.Objects("volumes").Single().Child("persistentVolumeClaim")!.Flag("hotpluggable")));
        Assert.Equal(409, (await server.Admin.PutAsync($"{Asked}{ns}/virtualmachineinstances/m/addvolume", """{"name":"extra","disk":{"disk":{}},"volumeSource":{"persistentVolumeClaim":{"claimName":"c"}}}""")).Code);
        Assert.Equal(202, (await server.Admin.PutAsync($"{Asked}{ns}/virtualmachines/m/removevolume", """{"name":"extra"}""")).Code);
        foreach (var spec in await SpecsAsync(ns)) Assert.Empty(spec.Objects("volumes"));
    }

    [Theory]
    [InlineData("PUT", "virtualmachineinstances/m/pause", "VMI is not running")]
    [InlineData("GET", "virtualmachineinstances/m/console", "VMI is not running")]
    [InlineData("GET", "virtualmachineinstances/m/guestosinfo", "VMI is not running")]
    public async Task Guest_ThatDoesNotRun_IsAskedInVain(string method, string path, string message)
    {
        var ns = await MachineAsync("Always", "Scheduled");
        var answer = await server.Admin.SendAsync(new HttpMethod(method), $"{Asked}{ns}/{path}", null);
        Assert.Equal((409, true), (answer.Code, answer.Message.Contains(message)));
    }

    [Theory]
    [InlineData("GET", "virtualmachines/m/start", 405)]
    [InlineData("PUT", "virtualmachines/m/dance", 404)]
    [InlineData("PUT", "virtualmachines/nobody/start", 404)]
    [InlineData("PUT", "virtualmachineinstances/m/console", 405)]
    public async Task Wish_ThatIsNone_IsRefused(string method, string path, int code)
    {
        var ns = await MachineAsync("Always", "");
        Assert.Equal(code, (await server.Admin.SendAsync(new HttpMethod(method), $"{Asked}{ns}/{path}", null)).Code);
    }

    [Fact]
    public async Task Version_OfTheSubresources_IsToldToTheirClients() =>
        Assert.StartsWith("v1.", (await server.Admin.GetAsync("/apis/subresources.kubevirt.io/v1/version")).Ok().Text("gitVersion"));

    private async Task<string> MachineAsync(string strategy, string phase)
    {
        var ns = await server.NamespaceAsync();
        (await server.Admin.PostAsync($"{Machines}{ns}/virtualmachines", """{"metadata":{"name":"m"},"spec":{"runStrategy":"S","template":{"spec":{"domain":{"memory":{"guest":"64Mi"},"devices":{}}}}}}""".Replace("\"S\"", $"\"{strategy}\""))).Ok();
        if (phase.Length == 0) return ns;
        (await server.Admin.PostAsync($"{Machines}{ns}/virtualmachineinstances", """{"metadata":{"name":"m"},"spec":{"domain":{"memory":{"guest":"64Mi"},"devices":{}}}}""")).Ok();
        (await server.Admin.PatchAsync($"{Machines}{ns}/virtualmachineinstances/m/status", """{"status":{"phase":"P","nodeName":"n"}}""".Replace("\"P\"", $"\"{phase}\""), Api.Merge)).Ok();
        return ns;
    }

    private async Task<IReadOnlyList<System.Text.Json.Nodes.JsonObject>> SpecsAsync(string ns) =>
    [
        (await server.Admin.GetAsync($"{Machines}{ns}/virtualmachines/m")).Ok().Child("spec")!.Child("template")!.Child("spec")!,
        (await server.Admin.GetAsync($"{Machines}{ns}/virtualmachineinstances/m")).Ok().Child("spec")!,
    ];
}
