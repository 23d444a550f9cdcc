using Gureum.Running;

namespace Gureum.Tests;

public sealed class ClusterOptionsTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("gureum-options-").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public void Load_NoFile_IsNull() => Assert.Null(ClusterOptions.Load(directory));

    [Fact]
    public void Load_WhatWasSaved_IsTheSame()
    {
        var options = new ClusterOptions { DataDirectory = directory, NodeName = "n1", Port = 7443, RunsNode = false };
        options.Save();

        Assert.Equal(options, ClusterOptions.Load(directory));
    }

    [Fact]
    public void Load_AFileOfAnOlderVersion_HasTheDefaultsOfWhatItLacks()
    {
        File.WriteAllText(Path.Combine(directory, "cluster.json"), """{"dataDirectory":"/elsewhere","nodeName":"n1"}""");

        Assert.Equal(new ClusterOptions { DataDirectory = directory, NodeName = "n1" }, ClusterOptions.Load(directory));
    }
}
