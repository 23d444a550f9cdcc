using System.Text.Json.Nodes;
using Gureum.EndToEnd.Support;

namespace Gureum.EndToEnd;

/// <summary>`gureum compare`: what it says is true, and nothing of it stays.</summary>
public sealed class CompareTests(SharedCloud shared)
{
    private readonly Cloud cloud = shared.Cloud;

    [Fact]
    public async Task Compare_OnACloud_SaysWhatEachHasForItselfAndLeavesNothing()
    {
        JsonNode said = JsonNode.Parse((await cloud.GureumAsync("compare", "-o", "json")).Ok())!;

        JsonNode container = said["container"]!, machine = said["virtualMachine"]!;
        Assert.Contains("BusyBox", (string)said["program"]!);
        string kernel = (await File.ReadAllTextAsync("/proc/sys/kernel/osrelease")).Trim();
        Assert.Equal((kernel, false, null), ((string)container["kernel"]!, (bool)container["ownKernel"]!, (string?)container["os"]));
        Assert.True((bool)machine["ownKernel"]!);
        Assert.Contains("tiny guest", (string)machine["os"]!);
        Assert.Equal(["containerd-shim-runc-v2", "httpd", "pause", "sh"], container["processes"]!.AsArray().Select(p => (string)p!));
        Assert.Equal(["qemu-system-x86_64"], machine["processes"]!.AsArray().Select(p => (string)p!));
        // The guest's memory is in QEMU's, whatever else is; the container's programs have a few pages.
        Assert.True((long)machine["memoryBytes"]! > (long)container["memoryBytes"]! && (long)container["memoryBytes"]! > 0, said.ToJsonString());
        Assert.True((long)machine["imageBytes"]! > (long)container["imageBytes"]! && (long)container["imageBytes"]! > 0, said.ToJsonString());
        foreach (JsonNode one in new[] { container, machine }) Assert.True((double)one["startSeconds"]! > 0 && (double)one["stopSeconds"]! > 0, said.ToJsonString());
        Assert.Equal("", await NamespaceAsync());
    }

    [Fact]
    public async Task Compare_Interrupted_RemovesWhatItMade()
    {
        using System.Diagnostics.Process running = cloud.StartInside(Cloud.Program, "compare", "--data-dir", cloud.Data);
        await Eventually.GetAsync("its machine", async () => (await cloud.KubectlAsync("get", "vmi", "-n", "compare", "-o", "name")).Output, names => names.Length > 0);

        // Not by SIGINT: what a shell runs in the background, and all below it, is deaf to that.
        (await Shell.RunAsync("kill", ["-TERM", running.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)])).Ok();

        Assert.Contains("gureum: interrupted", await running.StandardError.ReadToEndAsync());
        await running.WaitForExitAsync();
        Assert.Equal(1, running.ExitCode);
        await Eventually.GetAsync("the namespace", NamespaceAsync, name => name.Length == 0);
    }

    [Fact]
    public async Task Compare_WithoutWhatItNeeds_IsRefusedInOneLine()
    {
        await cloud.GetAsync("create", "namespace", "compare");
        try
        {
            Said refused = await cloud.GureumAsync("compare");
            Assert.Equal(1, refused.Code);
            Assert.Contains("gureum: there is a namespace compare that this command did not make", refused.Errors);
            Assert.NotEqual("", await NamespaceAsync());
        }
        finally
        {
            await cloud.GetAsync("delete", "namespace", "compare");
        }

        string nowhere = Path.Combine(cloud.Data, "nowhere");
        Said absent = await cloud.InsideAsync(Cloud.Program, ["compare", "--data-dir", nowhere]);
        Assert.Equal((1, $"gureum: there is no cloud in {nowhere}: run `gureum up --data-dir {nowhere}` first\n"), (absent.Code, absent.Errors));
    }

    private async Task<string> NamespaceAsync() => (await cloud.KubectlAsync("get", "namespace", "compare", "--ignore-not-found", "-o", "name")).Ok().Trim();
}
