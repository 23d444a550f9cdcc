using System.Text.Json.Nodes;
using Gureum.Comparing;
using Gureum.Machine;
using Spectre.Console;

namespace Gureum.Tests;

public sealed class ComparisonTests
{
    [Fact]
    public void Sizes_CtrsTable_AreReadByName()
    {
        IReadOnlyDictionary<string, long> sizes = ContainerdImages.Sizes(
            """
            REF                       TYPE                                       DIGEST     SIZE      PLATFORMS   LABELS
            gureum.local/busybox:1    application/vnd.oci.image.manifest.v1+json sha256:aa  2.3 MiB   linux/amd64 io.cri-containerd.image=managed
            gureum.local/pause:1      application/vnd.oci.image.manifest.v1+json sha256:bb  512.0 B   linux/amd64 -
            broken
            """);

        Assert.Equal((2, 2411724, 512), (sizes.Count, sizes["gureum.local/busybox:1"], sizes["gureum.local/pause:1"]));
    }

    [Fact]
    public void On_Node_PutsBothOnIt()
    {
        JsonObject pod = Subject.Container.On("n1"), machine = Subject.Machine.On("n1");

        Assert.Equal(("n1", "n1"), ((string)pod["spec"]!["nodeSelector"]!["kubernetes.io/hostname"]!, (string)machine["spec"]!["template"]!["spec"]!["nodeSelector"]!["kubernetes.io/hostname"]!));
        // The same look at where it runs, in both.
        string look = ((string)machine["spec"]!["template"]!["spec"]!["volumes"]![1]!["cloudInitNoCloud"]!["userData"]!).Split('\n')[1];
        Assert.StartsWith(look, (string)pod["spec"]!["containers"]![0]!["command"]![2]!);
    }

    [Fact]
    public void Of_ProcessesOfNoPod_IsEmpty() => Assert.Equal((0, 0L), (HostProcesses.Of("00000000-no-such-pod").Names.Count, HostProcesses.Of("00000000-no-such-pod").Memory));

    [Theory]
    [InlineData("tcg", "translated (TCG: slow)")]
    [InlineData("kvm", "by the processor (KVM)")]
    public void Table_OfBoth_ShowsWhoseKernelItIsAndHowManyTimesItCosts(string accelerator, string expected)
    {
        var result = new ComparisonResult(
            new Measured(Subject.Container, null, "6.1", false, "BusyBox", 1 << 20, TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(0.2), new HostProcesses(["httpd", "sh"], 2 << 20)),
            new Measured(Subject.Machine, "Tiny", "6.1", true, "BusyBox", 20 << 20, TimeSpan.FromSeconds(6), TimeSpan.FromSeconds(0.3), new HostProcesses(["qemu"], 200 << 20)), accelerator);
        var output = new StringWriter();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(output) });
        console.Profile.Width = 300;

        console.Write(ComparisonPrinter.Table(result));

        string[] lines = output.ToString().Split('\n');
        Assert.Contains(lines, l => Cells(l) is ["guest OS", "none of its own", "Tiny", ""]);
        Assert.Contains(lines, l => Cells(l) is ["kernel", "6.1 (this machine's)", "6.1 (its own)", ""]);
        Assert.Contains(lines, l => Cells(l) is ["create to first answer", "0.50 s", "6.00 s", "12×"]);
        Assert.Contains(lines, l => Cells(l) is ["delete to gone", "0.20 s", "0.30 s", "1.5×"]);
        Assert.Contains(lines, l => Cells(l) is ["memory (PSS)", "2.0 MiB", "200.0 MiB", "100×"]);
        Assert.Contains(lines, l => Cells(l) is ["processes here", "2: httpd, sh", "1: qemu", ""]);
        Assert.Contains(expected, output.ToString());
    }

    private static string[] Cells(string line) => line.Split('│') is { Length: > 2 } parts ? [.. parts[1..^1].Select(p => p.Trim())] : [];
}
