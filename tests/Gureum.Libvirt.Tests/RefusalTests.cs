namespace Gureum.Libvirt.Tests;

/// <summary>What libvirt refuses, in words that say what was attempted and why not.</summary>
public sealed class RefusalTests(LibvirtFixture fixture)
{
    private readonly string _name = "refused-" + Guid.NewGuid().ToString("N")[..8];

    private string Disk => Path.Combine(fixture.Disks, _name + ".img");

    [Fact]
    public async Task Define_UnknownMachineType_NamesIt()
    {
        var error = await Assert.ThrowsAsync<LibvirtException>(() => fixture.Hypervisor.DefineAsync(TinyMachine.Xml(Disk, _name, machine: "abacus")));

        Assert.Equal("defining a machine", error.Attempted);
        Assert.Contains("abacus", error.Message);
        Assert.False(error.IsDisconnected);
    }

    [Fact]
    public async Task Define_NoDomain_IsAnErrorOfXml()
    {
        var malformed = await Assert.ThrowsAsync<LibvirtException>(() => fixture.Hypervisor.DefineAsync("<domain"));
        var invalid = await Assert.ThrowsAsync<LibvirtException>(() => fixture.Hypervisor.DefineAsync(TinyMachine.Xml(Disk, _name, "<teapot/>")));

        Assert.Equal(LibvirtErrorCode.XmlDetail, malformed.Code);
        Assert.Equal(LibvirtErrorCode.XmlInvalidSchema, invalid.Code);
        Assert.Contains("failed to validate against schema", invalid.Message);
    }

    [Fact]
    public async Task Start_MissingDisk_NamesFileAndMachine()
    {
        using Machine machine = await fixture.Hypervisor.DefineAsync(TinyMachine.Xml("/nowhere/disk.img", _name));

        var error = await Assert.ThrowsAsync<LibvirtException>(() => machine.StartAsync());
        await machine.UndefineAsync();

        Assert.StartsWith($"starting machine {_name}: ", error.Message);
        Assert.Contains("/nowhere/disk.img", error.Message);
    }

    [Fact]
    public async Task Define_NameOfAnother_IsRefused()
    {
        using Machine machine = await fixture.Hypervisor.DefineAsync(TinyMachine.Xml(Disk, _name));

        var error = await Assert.ThrowsAsync<LibvirtException>(() => fixture.Hypervisor.DefineAsync(
            TinyMachine.Xml(Disk, _name).Replace("</name>", $"</name><uuid>{Guid.NewGuid()}</uuid>", StringComparison.Ordinal)));
        await machine.UndefineAsync();

        Assert.Equal(LibvirtErrorCode.OperationFailed, error.Code);
        Assert.Contains($"'{_name}' already exists", error.Message);
    }

    [Fact]
    public async Task Find_Absent_IsNull()
    {
        Assert.Null(await fixture.Hypervisor.FindAsync(_name));
        Assert.Null(await fixture.Hypervisor.FindAsync(Guid.NewGuid()));
    }

    [Fact]
    public async Task Calls_StoppedMachine_SayThatItDoesNotRun()
    {
        using Machine machine = await fixture.Hypervisor.DefineAsync(TinyMachine.Xml(Disk, _name));

        var suspend = await Assert.ThrowsAsync<LibvirtException>(() => machine.SuspendAsync());
        var agent = await Assert.ThrowsAsync<LibvirtException>(() => machine.AgentCommandAsync("{\"execute\":\"guest-ping\"}", TimeSpan.FromSeconds(1)));
        var snapshot = await Assert.ThrowsAsync<LibvirtException>(() => machine.RevertToSnapshotAsync("none"));
        await machine.UndefineAsync();
        var gone = await Assert.ThrowsAsync<LibvirtException>(() => machine.GetStateAsync());

        Assert.Equal(LibvirtErrorCode.OperationInvalid, suspend.Code);
        Assert.Equal(LibvirtErrorCode.OperationInvalid, agent.Code);
        Assert.Equal(LibvirtErrorCode.NoDomainSnapshot, snapshot.Code);
        Assert.Equal(LibvirtErrorCode.NoDomain, gone.Code);
    }

    [Fact]
    public async Task Open_NobodyThere_NamesTheSocket()
    {
        var error = await Assert.ThrowsAsync<LibvirtException>(() => Hypervisor.OpenAsync("qemu+unix:///system?mode=legacy&socket=/nowhere/sock"));

        Assert.True(error.IsDisconnected || error.Code == LibvirtErrorCode.SystemError);
        Assert.Contains("/nowhere/sock", error.Message);
    }
}
