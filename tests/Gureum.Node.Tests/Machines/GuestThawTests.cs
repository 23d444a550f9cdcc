using Gureum.Node.Machines;
using Gureum.Node.Server;

namespace Gureum.Node.Tests.Machines;

public sealed class GuestThawTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("gureum-thaw-").FullName;
    private readonly MachineStore store;
    private readonly List<string> thawed = [];

    public GuestThawTests()
    {
        store = new MachineStore(directory);
        store.Put(new MachineRecord("uid", "ns", "pod", "vm", Guid.NewGuid(), DateTimeOffset.UtcNow));
    }

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public async Task Arm_WhenTheTimeIsOver_Thaws()
    {
        await using var thaws = New();
        thaws.Arm("uid", TimeSpan.FromMilliseconds(50));
        Assert.True(thaws.IsFrozen("uid"));

        await MachineFixture.UntilAsync(() => thawed.Count == 1 && !thaws.IsFrozen("uid"), "it is thawed");
    }

    [Fact]
    public async Task Disarm_BeforeTheTimeIsOver_LeavesNothing()
    {
        await using (var thaws = New())
        {
            thaws.Arm("uid", TimeSpan.FromMilliseconds(300));
            thaws.Disarm("uid");
            Assert.False(thaws.IsFrozen("uid"));
            thaws.Arm("uid", TimeSpan.FromHours(1));
            await Task.Delay(600);
        }

        Assert.Empty(thawed);
    }

    [Fact]
    public async Task Restore_AfterACrash_ThawsWhatIsOverdue()
    {
        // An agent that ends without a word: its guest stays frozen.
        await using (var before = New()) before.Arm("uid", TimeSpan.FromMilliseconds(200));

        await using var thaws = New();
        Assert.True(thaws.IsFrozen("uid"));
        thaws.Restore();

        await MachineFixture.UntilAsync(() => thawed.Count == 1, "it is thawed");
    }

    [Fact]
    public async Task Arm_GuestThatIsRemovedMeanwhile_IsGivenUp()
    {
        var tried = 0;
        await using var thaws = new GuestThaw(store, (_, _) => { tried++; throw new NodeRequestException(409, "VMI is not running"); }, TimeProvider.System);
        thaws.Arm("uid", TimeSpan.FromMilliseconds(200));
        store.Remove("uid");

        await MachineFixture.UntilAsync(() => tried == 1, "it is tried");
        Assert.False(thaws.IsFrozen("uid"));
    }

    private GuestThaw New()
    {
        GuestThaw? thaws = null;
        thaws = new GuestThaw(store, (uid, _) =>
        {
            thawed.Add(uid);
            thaws!.Disarm(uid);
            return Task.CompletedTask;
        }, TimeProvider.System);
        return thaws;
    }
}
