using System.Text;
using Gureum.Objects.Image.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Images;

namespace Gureum.OpenStack.Tests;

public sealed class ImagePatchTests
{
    private static ImageSpec Apply(ImageSpec spec, string patch, string status = "active") =>
        ImagePatch.Read(Encoding.UTF8.GetBytes(patch)).Aggregate(spec, (s, c) => ImagePatch.Apply(s, c, ["raw", "qcow2"], ["bare"], ["public", "private", "shared", "community"], status));

    [Fact]
    public void Apply_Steps_ChangeFieldsAndProperties()
    {
        var spec = Apply(new ImageSpec { Name = "a", Properties = new Dictionary<string, string> { ["x"] = "1", ["y"] = "2" } },
            """[{"op":"replace","path":"/name","value":"b"},{"op":"remove","path":"/x"},{"op":"replace","path":"/y","value":"3"},{"op":"add","path":"/z~1w","value":"4"},{"op":"replace","path":"/tags","value":["t","t"]}]""");
        Assert.Equal("b", spec.Name);
        Assert.Equal([("y", "3"), ("z/w", "4")], spec.Properties.Select(p => (p.Key, p.Value)));
        Assert.Equal(["t"], spec.Tags);
    }

    [Fact]
    public void Apply_TheOldForm_IsTakenToo() => Assert.Equal("b", Apply(new ImageSpec { Name = "a" }, """[{"replace":"/name","value":"b"}]""").Name);

    [Theory]
    [InlineData("""{"op":"add"}""", 400)]
    [InlineData("""[{"op":"move","path":"/name","value":"a"}]""", 400)]
    [InlineData("""[{"op":"replace","path":"/name"}]""", 400)]
    [InlineData("""[{"op":"replace","path":"name","value":"a"}]""", 400)]
    [InlineData("""[{"op":"replace","path":"/a/b","value":"a"}]""", 400)]
    [InlineData("""[{"op":"replace","path":"/visibility","value":"secret"}]""", 400)]
    [InlineData("""[{"op":"replace","path":"/id","value":"a"}]""", 403)]
    [InlineData("""[{"op":"replace","path":"/checksum","value":"a"}]""", 403)]
    [InlineData("""[{"op":"replace","path":"/disk_format","value":"raw"}]""", 403)]
    [InlineData("""[{"op":"remove","path":"/none"}]""", 409)]
    [InlineData("""[{"op":"add","path":"/p","value":1}]""", 400)]
    public void Apply_WhatIsNotAccepted_IsRefused(string patch, int status) => Assert.Equal(status, Assert.Throws<Fault>(() => Apply(new ImageSpec { DiskFormat = "qcow2" }, patch)).Status);
}
