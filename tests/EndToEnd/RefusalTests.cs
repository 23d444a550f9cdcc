using Gureum.EndToEnd.Support;

namespace Gureum.EndToEnd;

/// <summary>What the command line refuses: one line, a code, nothing left.</summary>
public sealed class RefusalTests
{
    [Theory]
    [InlineData("--pod-cidr", "10.244.0.0/40")]
    [InlineData("--pod-cidr", "2001:db8::/64")]
    [InlineData("--service-cidr", "10.96.0.0")]
    [InlineData("--service-cidr", "10.244.8.0/24")]
    [InlineData("--listen", "everywhere")]
    [InlineData("--listen", "127.0.0.1:70000")]
    [InlineData("--node-name", "Not_A_Name")]
    public async Task Up_BadValue_IsOneLineThatNamesIt(string flag, string value)
    {
        await using Cloud cloud = await Cloud.CreateAsync();

        Said said = await cloud.GureumAsync("up", "--no-install", flag, value);

        Assert.Equal(1, said.Code);
        string line = Assert.Single(said.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains(value, line);
        Assert.Empty(Directory.EnumerateFileSystemEntries(cloud.Data));
    }

    [Fact]
    public async Task Up_SeveralBadValues_AllAreNamed()
    {
        await using Cloud cloud = await Cloud.CreateAsync();

        Said said = await cloud.GureumAsync("up", "--pod-cidr", "x", "--node-name", "-y-");

        Assert.Contains("--pod-cidr x", said.Errors);
        Assert.Contains("--node-name -y-", said.Errors);
    }

    [Fact]
    public async Task Up_UnknownFlag_IsRefused()
    {
        await using Cloud cloud = await Cloud.CreateAsync();

        Said said = await cloud.GureumAsync("up", "--colour", "blue");

        Assert.NotEqual(0, said.Code);
        Assert.Contains("--colour", said.Errors);
    }

    [Fact]
    public async Task Up_PortInUse_NamesWhoHasIt()
    {
        await using Cloud cloud = await Cloud.CreateAsync();
        using System.Diagnostics.Process holder = cloud.StartInside("busybox", "nc", "-l", "-p", "6443");
        await Eventually.GetAsync("the listener", async () => (await cloud.InsideAsync("cat", ["/proc/net/tcp", "/proc/net/tcp6"])).Ok(), t => t.Contains(":192B", StringComparison.Ordinal));

        Said said = await cloud.GureumAsync("up", "--no-install");
        holder.Kill();
        await holder.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(1, said.Code);
        Assert.Contains("port 6443 on 0.0.0.0 is in use by busybox", said.Errors);
        Assert.Contains("--listen", said.Errors);
    }

    [Fact]
    public async Task Up_NotRoot_IsOneLine()
    {
        Said said = await Shell.RunAsync("setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all", Cloud.Program, "up"]);

        Assert.Equal(1, said.Code);
        Assert.Contains("only root may", said.Errors);
    }

    [Fact]
    public async Task ImageImport_FileThatIsNotThere_IsNamed()
    {
        await using Cloud cloud = await Cloud.CreateAsync();

        Said said = await Shell.RunAsync(Cloud.Program, ["image", "import", "/nowhere/x.tar", "--data-dir", cloud.Data]);

        Assert.Equal(1, said.Code);
        Assert.Contains("/nowhere/x.tar", said.Errors);
    }
}
