using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Machines;

public sealed class MachineRuleTests(TestServer server)
{
    private const string Template = """
        "template":{"metadata":{"labels":{"app":"web"}},"spec":{"domain":{"memory":{"guest":"64Mi"},"devices":{}}}}
        """;

    [Theory]
    [InlineData("""{"running":true,TEMPLATE}""")]
    [InlineData("""{"runStrategy":"Always",TEMPLATE}""")]
    [InlineData("""{"runStrategy":"Manual",TEMPLATE}""")]
    [InlineData("""{"runStrategy":"RerunOnFailure",TEMPLATE}""")]
    [InlineData("""{"runStrategy":"Once",TEMPLATE}""")]
    [InlineData("""{"runStrategy":"Halted",TEMPLATE}""")]
    [InlineData("""{"runStrategy":"Always","instancetype":{"name":"small"},"template":{"spec":{"domain":{"devices":{}}}}}""")]
    public async Task Machine_InEveryRunStrategy_IsTaken(string spec) => (await CreateAsync(spec)).Ok();

    [Theory]
    [InlineData("""{"running":true,"runStrategy":"Always",TEMPLATE}""", "Running and RunStrategy are mutually exclusive")]
    [InlineData("""{TEMPLATE}""", "spec.runStrategy: Required value: RunStrategy must be specified")]
    [InlineData("""{"runStrategy":"Sometimes",TEMPLATE}""", "spec.runStrategy: Unsupported value: \"Sometimes\": supported values: \"Always\", \"Halted\", \"Manual\", \"Once\", \"RerunOnFailure\"")]
    [InlineData("""{"runStrategy":"Always","template":{"spec":{"domain":{"memory":{"guest":"1Gi"},"devices":{"sound":{"name":"s"}}}}}}""", "spec.template.spec.domain.devices.sound: Forbidden: this part of KubeVirt's API is not supported by Gureum")]
    [InlineData("""{"runStrategy":"Always","instancetype":{"name":"small"},TEMPLATE}""", "spec.template.spec.domain.memory.guest: Forbidden: VM field conflicts with selected Instancetype")]
    [InlineData("""{"runStrategy":"Always","dataVolumeTemplates":[{"metadata":{"name":"dv"},"spec":{"source":{"blank":{}},"storage":{}}}],TEMPLATE}""", "dataVolumeTemplate 'dv' must be referenced in spec.template.spec.volumes")]
    public async Task Machine_ThatCannotBe_IsRefusedByName(string spec, string message)
    {
        var answer = await CreateAsync(spec);
        Assert.Equal(422, answer.Code);
        Assert.Contains(message, answer.Message);
    }

    [Theory]
    [InlineData("""{"source":{"http":{"url":"file:///etc/shadow"}},"storage":{}}""", "must be an http or https URL")]
    [InlineData("""{"source":{"s3":{"url":"https://x/y"}},"storage":{}}""", "spec.source: Unsupported value: \"s3\": supported values: \"blank\", \"http\", \"pvc\", \"registry\"")]
    [InlineData("""{"source":{"gcs":{"url":"gs://b/f"}},"storage":{"resources":{"requests":{"storage":"1Gi"}}}}""", "spec.source: Unsupported value: \"gcs\"")]
    [InlineData("""{"source":{"blank":{}},"storage":{}}""", "Storage size is missing")]
    [InlineData("""{"source":{"blank":{}},"storage":{"resources":{"requests":{"storage":"1Ki"}}}}""", "Storage size should be at least 1MiB")]
    [InlineData("""{"source":{"pvc":{"name":"a"}},"pvc":{"accessModes":["ReadWriteOnce"]}}""", "PVC size is missing")]
    [InlineData("""{"source":{"blank":{}},"pvc":{"resources":{"requests":{"storage":"1Gi"}}}}""", "at least 1 access mode is required")]
    [InlineData("""{"source":{"pvc":{"name":"a","namespace":"elsewhere"}},"storage":{}}""", "spec.source.pvc.namespace: Forbidden: cloning from another namespace is not supported by Gureum")]
    [InlineData("""{"source":{"http":{"url":"http://x/y","checksum":"crc32:0"}},"storage":{}}""", "spec.source.http.checksum: Invalid value")]
    [InlineData("""{"source":{"registry":{"url":"docker://x","secretRef":"s"}},"storage":{}}""", "spec.source.registry.secretRef: Forbidden")]
    [InlineData("""{"source":{"blank":{},"upload":{}},"storage":{}}""", "Multiple dataVolume sources")]
    [InlineData("""{"source":{"blank":{}}}""", "DataVolume requires either PVC spec or storage spec, and not both")]
    [InlineData("""{"storage":{}}""", "Data volume should have either Source or SourceRef")]
    [InlineData("""{"source":{"registry":{"url":"tiny:1"}},"storage":{}}""", "must be docker://IMAGE")]
    public async Task DataVolume_ThatCannotBe_IsRefusedByName(string spec, string message)
    {
        var answer = await server.Admin.PostAsync($"/apis/cdi.kubevirt.io/v1beta1/namespaces/{await server.NamespaceAsync()}/datavolumes", $$"""{"metadata":{"name":"d"},"spec":{{spec}}}""");
        Assert.Equal(422, answer.Code);
        Assert.Contains(message, answer.Message);
    }

    [Theory]
    [InlineData("virtualmachinesnapshots", """{"source":{"kind":"VirtualMachine","name":"m"}}""", "missing apiGroup")]
    [InlineData("virtualmachinesnapshots", """{"source":{"apiGroup":"kubevirt.io","kind":"Pod","name":"m"}}""", "invalid kind")]
    [InlineData("virtualmachinesnapshots", """{"source":{"apiGroup":"apps","kind":"VirtualMachine","name":"m"}}""", "invalid apiGroup")]
    [InlineData("virtualmachinesnapshots", """{"source":{"apiGroup":"kubevirt.io","kind":"VirtualMachine","name":"m"},"failureDeadline":"soon"}""", "must be a duration, like 5m or 1h30m")]
    [InlineData("virtualmachinesnapshots", """{"source":{"apiGroup":"kubevirt.io","kind":"VirtualMachine","name":"m"},"deletionPolicy":"burn"}""", "spec.deletionPolicy: Unsupported value")]
    [InlineData("virtualmachinerestores", """{"target":{"apiGroup":"kubevirt.io","kind":"VirtualMachine","name":"m"}}""", "spec.virtualMachineSnapshotName: Required value")]
    [InlineData("virtualmachinerestores", """{"target":{"apiGroup":"kubevirt.io","kind":"VirtualMachine","name":"m"},"virtualMachineSnapshotName":"s","volumeRestorePolicy":"InPlace"}""", "spec.volumeRestorePolicy: Unsupported value: \"InPlace\"")]
    [InlineData("virtualmachinerestores", """{"target":{"apiGroup":"kubevirt.io","kind":"VirtualMachine","name":"m"},"virtualMachineSnapshotName":"s","patches":["{}"]}""", "spec.patches: Forbidden")]
    [InlineData("virtualmachinerestores", """{"target":{"apiGroup":"kubevirt.io","kind":"VirtualMachine","name":"m"},"virtualMachineSnapshotName":"s","volumeRestoreOverrides":[{"volumeName":"a"}]}""", "must provide at least one overriden field")]
    public async Task SnapshotOrRestore_ThatCannotBe_IsRefusedByName(string plural, string spec, string message)
    {
        var answer = await server.Admin.PostAsync($"/apis/snapshot.kubevirt.io/v1beta1/namespaces/{await server.NamespaceAsync()}/{plural}", $$"""{"metadata":{"name":"s"},"spec":{{spec}}}""");
        Assert.Equal(422, answer.Code);
        Assert.Contains(message, answer.Message);
    }

    [Fact]
    public async Task Table_OfMachines_HasKubeVirtsColumns()
    {
        var ns = await server.NamespaceAsync();
        (await CreateAsync("""{"runStrategy":"Halted",TEMPLATE}""", ns)).Ok();
        var table = (await server.Admin.GetAsync($"/apis/kubevirt.io/v1/namespaces/{ns}/virtualmachines", "application/json;as=Table;v=v1;g=meta.k8s.io")).Ok();
        Assert.Equal(["Name", "Age", "Status", "Ready"], table.Objects("columnDefinitions").Select(c => c.Text("name")));
    }

    private async Task<Answer> CreateAsync(string spec, string? ns = null) =>
        await server.Admin.PostAsync($"/apis/kubevirt.io/v1/namespaces/{ns ?? await server.NamespaceAsync()}/virtualmachines", $$"""{"metadata":{"name":"m"},"spec":{{spec.Replace("TEMPLATE", Template)}}}""");
}
