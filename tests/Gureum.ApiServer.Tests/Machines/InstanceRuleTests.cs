using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Machines;

public sealed class InstanceRuleTests(TestServer server)
{
    private const string Group = "/apis/kubevirt.io/v1/namespaces/";

    private static string Instance(string domain = """{"memory":{"guest":"64Mi"},"devices":{}}""", string rest = "") =>
        $$$"""{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachineInstance","metadata":{"name":"i"},"spec":{"domain":{{{domain}}}{{{rest}}}}}""";

    [Fact]
    public async Task Instance_SayingLittle_GetsACardAndADiskForEachVolume()
    {
        var made = (await CreateAsync(Instance(rest: ""","volumes":[{"name":"root","containerDisk":{"image":"tiny:1"}}]"""))).Ok();
        Assert.Equal("Pending", made.Child("status")!.Text("phase"));
        Assert.Equal("""[{"masquerade":{},"name":"default"}]""", made.At("spec", "domain", "devices", "interfaces")!.ToJsonString());
        Assert.Equal("""[{"name":"default","pod":{}}]""", made.Child("spec")!.Items("networks")!.ToJsonString());
        Assert.Equal("root", made.Child("spec")!.Child("domain")!.Child("devices")!.Objects("disks").Single().Text("name"));
    }

    [Fact]
    public async Task Instance_WithoutPodNetwork_GetsNoCard()
    {
        var made = (await CreateAsync(Instance("""{"memory":{"guest":"64Mi"},"devices":{"autoattachPodInterface":false}}"""))).Ok();
        Assert.Null(made.At("spec", "domain", "devices", "interfaces"));
    }

    [Theory]
    [InlineData("""{"devices":{}}""", "", "spec.domain.memory.guest: Required value: no memory requested")]
    [InlineData("""{"memory":{"guest":"12"},"devices":{}}""", "", "spec.domain.memory.guest: Invalid value: \"12\": must be greater than or equal to 1M")]
    [InlineData("""{"memory":{"guest":"64Mi"},"resources":{"limits":{"memory":"32Mi"}},"devices":{}}""", "", "must be equal to or less than the memory limit")]
    [InlineData("""{"memory":{"guest":"64Mi","hugepages":{"pageSize":"2Mi"}},"devices":{}}""", "", "spec.domain.memory.hugepages: Forbidden: this part of KubeVirt's API is not supported by Gureum; supported here: guest, maxGuest")]
    [InlineData("""{"memory":{"guest":"64Mi"},"devices":{"gpus":[{"name":"g","deviceName":"nvidia.com/x"}]}}""", "", "spec.domain.devices.gpus: Forbidden: this part of KubeVirt's API is not supported by Gureum")]
    [InlineData("""{"memory":{"guest":"64Mi"},"launchSecurity":{"sev":{}},"devices":{}}""", "", "spec.domain.launchSecurity: Forbidden")]
    [InlineData("""{"memory":{"guest":"64Mi"},"cpu":{"cores":100000},"devices":{}}""", "", "spec.domain.cpu.cores: Invalid value: 100000: must be between 1 and 512")]
    [InlineData("""{"memory":{"guest":"64Mi"},"devices":{"disks":[{"name":"d","disk":{"bus":"floppy"}}]}}""", ""","volumes":[{"name":"d","emptyDisk":{"capacity":"1Gi"}}]""", "spec.domain.devices.disks[0].disk.bus: Unsupported value: \"floppy\": supported values: \"sata\", \"scsi\", \"usb\", \"virtio\"")]
    [InlineData("""{"memory":{"guest":"64Mi"},"devices":{"disks":[{"name":"d"}]}}""", "", "spec.domain.devices.disks[0].name: Invalid value: \"d\": 'd' does not have a matching volume")]
    [InlineData("""{"memory":{"guest":"64Mi"},"devices":{"disks":[{"name":"d","bootOrder":1},{"name":"e","bootOrder":1}]}}""", ""","volumes":[{"name":"d","emptyDisk":{"capacity":"1Gi"}},{"name":"e","emptyDisk":{"capacity":"1Gi"}}]""", "this boot order is already set for a different device")]
    [InlineData("""{"memory":{"guest":"64Mi"},"devices":{"interfaces":[{"name":"x","masquerade":{}}]}}""", "", "spec.domain.devices.interfaces[0].name: Invalid value: \"x\": 'x' not found among spec.networks")]
    [InlineData("""{"memory":{"guest":"64Mi"},"devices":{"interfaces":[{"name":"x","masquerade":{},"macAddress":"ff:ff:ff:ff:ff:ff"}]}}""", ""","networks":[{"name":"x","pod":{}}]""", "must be a unicast Ethernet address")]
    [InlineData("""{"memory":{"guest":"64Mi"},"devices":{"interfaces":[{"name":"x","bridge":{}}]}}""", ""","networks":[{"name":"x","multus":{"networkName":"n","default":true}}]""", "spec.networks[0].multus.default: Forbidden: this part of KubeVirt's API is not supported by Gureum; supported here: networkName")]
    public async Task Instance_ThatCannotBe_IsRefusedByName(string domain, string rest, string message) => await RefusedAsync(Instance(domain, rest), message);

    [Theory]
    [InlineData("""{"name":"v"}""", "spec.volumes[0]: Invalid value: \"v\": must have exactly one source type set")]
    [InlineData("""{"name":"v","emptyDisk":{"capacity":"1Gi"},"containerDisk":{"image":"i"}}""", "must have exactly one source type set")]
    [InlineData("""{"name":"v","hostDisk":{"path":"/etc/shadow","type":"Disk"}}""", "spec.volumes[0].hostDisk: Forbidden: this part of KubeVirt's API is not supported by Gureum")]
    [InlineData("""{"name":"v","containerDisk":{"image":"i","path":"/disk/../../etc/shadow"}}""", "spec.volumes[0].containerDisk.path: Invalid value: \"/disk/../../etc/shadow\": must be an absolute path to a file without relative elements")]
    [InlineData("""{"name":"v","containerDisk":{"image":"i","path":"disk.img"}}""", "must be an absolute path to a file without relative elements")]
    [InlineData("""{"name":"v","emptyDisk":{"capacity":"1Ei"}}""", "spec.volumes[0].emptyDisk.capacity: Invalid value: \"1Ei\": must be between 1M and 64Ti")]
    [InlineData("""{"name":"v","cloudInitNoCloud":{}}""", "must have at least one userdatasource or one networkdatasource set")]
    [InlineData("""{"name":"v","cloudInitNoCloud":{"userData":"a","userDataBase64":"YQ=="}}""", "must have only one userdatasource set")]
    [InlineData("""{"name":"v","cloudInitNoCloud":{"userDataBase64":"*"}}""", "is not a valid base64 value")]
    [InlineData("""{"name":"V_","emptyDisk":{"capacity":"1Gi"}}""", "spec.volumes[0].name: Invalid value: \"V_\"")]
    public async Task Volume_ThatCannotBe_IsRefusedByName(string volume, string message) => await RefusedAsync(Instance(rest: $""","volumes":[{volume}]"""), message);

    [Fact]
    public async Task UserData_LargerThanTwoKilobytes_IsSentToASecret() =>
        await RefusedAsync(Instance(rest: $$$""","volumes":[{"name":"v","cloudInitNoCloud":{"userData":"{{{new string('x', 2049)}}}"}}]"""), "exceeds 2048 byte limit; larger data belongs in a Secret named by secretRef");

    [Fact]
    public async Task Spec_OnceMade_DoesNotChange()
    {
        var ns = await server.NamespaceAsync();
        (await server.Admin.PostAsync($"{Group}{ns}/virtualmachineinstances", Instance())).Ok();
        foreach (var (domain, why) in ((string, string)[])[("""{"cpu":{"cores":2}}""", "update of VMI object is restricted"), ("""{"memory":{"guest":"128Mi"}}""", "Memory-hotplug is not available for this VM configuration")])
        {
            var answer = await server.Admin.PatchAsync($"{Group}{ns}/virtualmachineinstances/i", """{"spec":{"domain":DOMAIN}}""".Replace("DOMAIN", domain), Api.Merge);
            Assert.Equal(422, answer.Code);
            Assert.Contains(why, answer.Message);
        }
    }

    // The instance is on the pods' network, as it was made; that card stays.
    [Theory]
    [InlineData("""[{"name":"default","pod":{}},{"name":"blue","multus":{"networkName":"blue"}}]""", """[{"name":"default","masquerade":{}},{"name":"blue","bridge":{}}]""", 200)]
    [InlineData("""[{"name":"blue","multus":{"networkName":"blue"}}]""", """[{"name":"blue","bridge":{}}]""", 422)]
    public async Task Cards_OnOtherNetworks_ComeWhileTheInstanceIsThere(string networks, string interfaces, int code)
    {
        var ns = await server.NamespaceAsync();
        (await server.Admin.PostAsync($"{Group}{ns}/virtualmachineinstances", Instance("""{"memory":{"guest":"64Mi"},"devices":{"interfaces":[{"name":"default","masquerade":{}}]}}""", ""","networks":[{"name":"default","pod":{}}]"""))).Ok();
        var answer = await server.Admin.PatchAsync($"{Group}{ns}/virtualmachineinstances/i", """{"spec":{"networks":NETWORKS,"domain":{"devices":{"interfaces":INTERFACES}}}}""".Replace("NETWORKS", networks).Replace("INTERFACES", interfaces), Api.Merge);
        Assert.Equal(code, answer.Code);
    }

    [Fact]
    public async Task Status_ByTheMainResource_IsLeftAlone()
    {
        var ns = await server.NamespaceAsync();
        (await server.Admin.PostAsync($"{Group}{ns}/virtualmachineinstances", Instance())).Ok();
        var after = (await server.Admin.PatchAsync($"{Group}{ns}/virtualmachineinstances/i", """{"status":{"phase":"Running"}}""", Api.Merge)).Ok();
        Assert.Equal("Pending", after.Child("status")!.Text("phase"));
        after = (await server.Admin.PatchAsync($"{Group}{ns}/virtualmachineinstances/i/status", """{"status":{"phase":"Running"}}""", Api.Merge)).Ok();
        Assert.Equal("Running", after.Child("status")!.Text("phase"));
    }

    private async Task<Answer> CreateAsync(string body) => await server.Admin.PostAsync($"{Group}{await server.NamespaceAsync()}/virtualmachineinstances", body);

    private async Task RefusedAsync(string body, string message)
    {
        var answer = await CreateAsync(body);
        Assert.Equal(422, answer.Code);
        Assert.Contains(message, answer.Message);
    }
}
