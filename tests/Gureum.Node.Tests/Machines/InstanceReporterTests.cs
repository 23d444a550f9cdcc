using Gureum.Client;
using Gureum.Node.Machines;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Models;

namespace Gureum.Node.Tests.Machines;

/// <summary>What reaches the API of a guest that really runs.</summary>
public sealed class InstanceReporterTests(MachineFixture fixture) : IClassFixture<MachineFixture>
{
    [Fact]
    public async Task Report_PausedGuest_IsWrittenOverAConflictAndOnlyOnce()
    {
        await using TestGuest guest = await fixture.StartAsync();
        var api = new OneInstance(guest.Instance, conflicts: 2);
        var reporter = new InstanceReporter(() => fixture.Hypervisor, fixture.Store, new ApiClient(api), _ => false, _ => null, _ => [], TimeProvider.System);
        await guest.Machine.SuspendAsync();

        await reporter.ReportAsync(guest.Record.PodUid, CancellationToken.None);
        await reporter.ReportAsync(guest.Record.PodUid, CancellationToken.None);

        Assert.Equal((3, 1), (api.Puts, api.Written));
        Assert.Equal("PausedByUser", api.Current.Status.Conditions.Single(c => c.Type == "Paused").Reason);
        Assert.Equal(("root", "vda", 1L << 20), (api.Current.Status.VolumeStatus[0].Name, api.Current.Status.VolumeStatus[0].Target, api.Current.Status.VolumeStatus[0].Size));
        Assert.StartsWith("pc-q35-", api.Current.Status.Machine!.Type);
        Assert.Equal(1L, api.Current.Status.CurrentCPUTopology!.Sockets);
    }

    [Fact]
    public async Task Note_GuestThatGoesOn_IsWrittenByTheLoop()
    {
        await using TestGuest guest = await fixture.StartAsync();
        var api = new OneInstance(guest.Instance with { Status = guest.Instance.Status with { Conditions = [new VirtualMachineInstanceCondition { Type = "Paused", Status = "True" }] } }, conflicts: 0);
        var reporter = new InstanceReporter(() => fixture.Hypervisor, fixture.Store, new ApiClient(api), _ => false, _ => null, _ => [], TimeProvider.System);
        using var stop = new CancellationTokenSource();
        Task loop = reporter.RunAsync(stop.Token);

        reporter.Note(guest.Record.PodUid);
        await MachineFixture.UntilAsync(() => api.Written == 1, "the status is written");
        await stop.CancelAsync();
        await loop;

        Assert.DoesNotContain(api.Current.Status.Conditions, c => c.Type == "Paused");
    }

    [Fact]
    public async Task Report_InstanceOfAnotherPod_IsLeftAlone()
    {
        await using TestGuest guest = await fixture.StartAsync();
        var api = new OneInstance(guest.Instance with { Status = guest.Instance.Status with { ActivePods = new Dictionary<string, string> { ["another"] = "node" } } }, conflicts: 0);

        await new InstanceReporter(() => fixture.Hypervisor, fixture.Store, new ApiClient(api), _ => false, _ => null, _ => [], TimeProvider.System).ReportAsync(guest.Record.PodUid, CancellationToken.None);

        Assert.Equal(0, api.Puts);
    }

    /// <summary>An API server with one instance, which refuses the first writes as one that another has changed meanwhile.</summary>
    private sealed class OneInstance(VirtualMachineInstance instance, int conflicts) : IApiTransport
    {
        internal VirtualMachineInstance Current { get; private set; } = instance;
        internal int Puts { get; private set; }
        internal int Written { get; private set; }

        public Task<ApiResponse> SendAsync(ApiRequest request, CancellationToken cancel = default)
        {
            Assert.StartsWith($"/apis/kubevirt.io/v1/namespaces/test/virtualmachineinstances/{Current.Metadata.Name}", request.Path);
            if (request.Method == "PUT")
            {
                Assert.EndsWith("/status", request.Path);
                if (++Puts <= conflicts) return Task.FromResult(new ApiResponse(409, """{"kind":"Status","status":"Failure","reason":"Conflict","code":409}"""u8.ToArray()));
                Written++;
                Current = ModelJson.Parse<VirtualMachineInstance>(request.Body.Span);
            }

            return Task.FromResult(new ApiResponse(200, ModelJson.Encode(Current)));
        }
    }
}
