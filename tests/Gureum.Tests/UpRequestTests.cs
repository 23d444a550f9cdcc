using Gureum.Commands;
using Gureum.Running;
using Gureum.Starting;

namespace Gureum.Tests;

public sealed class UpRequestTests
{
    [Fact]
    public void Resolve_OfAnAuditPolicy_ReadsItAndNamesWhatIsWrong()
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: Metadata}]}");
            var options = (Nothing with { AuditPolicyFile = file, AuditLogMaxSize = 5 }).Resolve(null);
            Assert.Equal((file, 5, 10), (options.AuditPolicyFile, options.AuditLogMaxSize, options.AuditLogMaxBackup));
            Assert.Equal(file, Nothing.Resolve(options).AuditPolicyFile);
            Assert.Null((Nothing with { AuditPolicyFile = "" }).Resolve(options).AuditPolicyFile);
            File.WriteAllText(file, "{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: All}]}");
            var refused = Assert.Throws<Commands.CommandFailure>(() => (Nothing with { AuditPolicyFile = file, AuditLogMaxSize = 0 }).Resolve(null));
            Assert.Contains($"--audit-policy-file: audit policy {file}: rules[0].level: Unsupported value: \"All\"", refused.Message);
            Assert.Contains("--audit-log-maxsize 0", refused.Message);
            Assert.Contains("name one with --audit-policy-file", Assert.Throws<Commands.CommandFailure>(() => (Nothing with { AuditLogPath = "-" }).Resolve(null)).Message);
        }
        finally { File.Delete(file); }
    }

    private static UpRequest Nothing => new("/data", null, null, null, null, AirGapped: false);

    private static ClusterOptions Kept => new() { DataDirectory = "/data", NodeName = "kept", PodCidr = "10.1.0.0/16", ServiceCidr = "10.2.0.0/16", Listen = "127.0.0.1", Port = 7443 };

    [Fact]
    public void Resolve_NothingSaid_TakesTheDefaults()
    {
        ClusterOptions options = (Nothing with { NodeName = "n1" }).Resolve(null);

        Assert.Equal(("0.0.0.0", 6443, "10.244.0.0/16", "10.96.0.0/16", "n1"), (options.Listen, options.Port, options.PodCidr, options.ServiceCidr, options.NodeName));
    }

    [Fact]
    public void Resolve_NothingSaidAboutAKeptCloud_KeepsIt() => Assert.Equal(Kept, Nothing.Resolve(Kept));

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1", 7443)]
    [InlineData("127.0.0.1:8443", "127.0.0.1", 8443)]
    [InlineData(":8443", "127.0.0.1", 8443)]
    public void Resolve_Listen_TakesAddressPortOrBoth(string listen, string address, int port)
    {
        ClusterOptions options = (Nothing with { Listen = listen }).Resolve(Kept);

        Assert.Equal((address, port), (options.Listen, options.Port));
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("127.0.0.1:0")]
    [InlineData("127.0.0.1:65536")]
    [InlineData("127.0.0.1:")]
    [InlineData("[::1]:6443")]
    [InlineData("8443")]
    public void Resolve_ListenThatIsNone_IsRefusedByName(string listen) =>
        Assert.Contains(listen, Assert.Throws<CommandFailure>(() => (Nothing with { Listen = listen }).Resolve(Kept)).Message);

    [Theory]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.0.0.0/25")]
    [InlineData("10.0.0.0")]
    [InlineData("fd00::/64")]
    [InlineData("0.0.0.0/0")]
    public void Resolve_PodRangeThatIsNone_IsRefusedByName(string range) =>
        Assert.Contains(range, Assert.Throws<CommandFailure>(() => (Nothing with { PodCidr = range, NodeName = "n1" }).Resolve(null)).Message);

    [Theory]
    [InlineData("10.96.0.0/16")]
    [InlineData("10.0.0.0/8")]
    [InlineData("10.96.7.0/24")]
    public void Resolve_RangesThatOverlap_AreRefused(string pods) =>
        Assert.Contains("overlap", Assert.Throws<CommandFailure>(() => (Nothing with { PodCidr = pods, NodeName = "n1" }).Resolve(null)).Message);

    [Fact]
    public void Resolve_SeveralErrors_NamesAll()
    {
        string message = Assert.Throws<CommandFailure>(() => (Nothing with { PodCidr = "x", ServiceCidr = "y", Listen = "z", NodeName = "-" }).Resolve(null)).Message;

        Assert.All(["--pod-cidr x", "--service-cidr y", "--listen z", "--node-name -"], part => Assert.Contains(part, message));
    }

    [Fact]
    public void Resolve_WhatCannotChange_IsRefusedWithBothValues()
    {
        string message = Assert.Throws<CommandFailure>(() => (Nothing with { NodeName = "other" }).Resolve(Kept)).Message;

        Assert.Contains("other", message);
        Assert.Contains("kept", message);
    }
}
