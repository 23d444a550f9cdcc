using Gureum.Node.Cgroups;

namespace Gureum.Node.Tests.Cgroups;

public sealed class CgroupLayoutTests
{
    [Fact]
    public void Parse_HybridMachine_IsV1WithAllHierarchies()
    {
        CgroupLayout layout = CgroupLayout.Parse(
        [
            "30 25 0:26 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:5 - cgroup cgroup rw,cpu,cpuacct",
            "31 25 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory",
            "32 25 0:28 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids",
            "33 25 0:29 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd",
            "34 25 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw",
            "35 25 0:26 /docker/x /elsewhere rw - cgroup cgroup rw,cpu,cpuacct",
        ]);

        Assert.False(layout.IsV2);
        Assert.Equal("/sys/fs/cgroup/cpu,cpuacct", layout.Controllers["cpuacct"]);
        Assert.Equal(["/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/pids", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified"], layout.Hierarchies);
    }

    [Fact]
    public void Parse_UnifiedOnly_IsV2()
    {
        CgroupLayout layout = CgroupLayout.Parse(["30 25 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate"]);

        Assert.True(layout.IsV2);
        Assert.Equal("/sys/fs/cgroup", layout.Unified);
    }

    [Fact]
    public void Parse_NothingMounted_SaysWhatToMount()
    {
        var error = Assert.Throws<CgroupException>(() => CgroupLayout.Parse(["1 0 0:1 / / rw - ext4 /dev/vda rw"]));

        Assert.Contains("cgroup2", error.Message);
    }

    [Theory]
    [InlineData(2, 1)]
    [InlineData(1024, 39)]
    [InlineData(262144, 10000)]
    [InlineData(0, 1)]
    public void CpuWeight_OfShares_IsOnV2sScale(long shares, long weight) => Assert.Equal(weight, CgroupTree.CpuWeight(shares));
}
