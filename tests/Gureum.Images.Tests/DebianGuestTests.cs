using System.Buffers.Binary;
using System.Diagnostics;
using Gureum.Images.Guests;
using Gureum.Images.Packages;

namespace Gureum.Images.Tests;

/// <summary>The parts of the Debian guest; tests/EndToEnd boots a whole one.</summary>
public sealed class DebianGuestTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("gureum-debian-test-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Sources_OfAMachineWithOthersToo_AreDebiansAlone()
    {
        PackageSources sources = PackageSources.Of(
            """
            Debian|http://deb.debian.org/debian/|bookworm-updates|bookworm-updates|main
            Debian|http://deb.debian.org/debian/|bookworm|bookworm|main
            Debian|http://deb.debian.org/debian/|bookworm|bookworm|contrib
            . nodistro|https://deb.nodesource.com/node_20.x/|nodistro||main
            Debian|http://deb.debian.org/debian/|sid|sid|main
            Debian|http://security/debian-security/|bookworm-security|bookworm-security|main
            """, "bookworm", signedByKeyring: true);

        Assert.Equal("bookworm", sources.Suite);
        const string By = "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]";
        Assert.Equal([$"{By} http://deb.debian.org/debian/ bookworm-updates main", $"{By} http://deb.debian.org/debian/ bookworm main contrib", $"{By} http://security/debian-security/ bookworm-security main"], sources.Lines);
    }

    [Theory]
    [InlineData("Ubuntu|http://archive.ubuntu.com/ubuntu/|noble|noble|main\n", "noble", "it has Ubuntu noble")]
    [InlineData("Debian|http://deb.debian.org/debian/|sid|sid|main\n", "bookworm", "for its release \"bookworm\" (it has Debian sid)")]
    [InlineData("", "bookworm", "run apt-get update")]
    public void Sources_WithoutDebiansOfThisRelease_AreRefused(string targets, string release, string why) =>
        Assert.Contains(why, Assert.Throws<ImageException>(() => PackageSources.Of(targets, release, signedByKeyring: false)).Message);

    [Fact]
    public void MasterBootRecord_OnePartition_IsReadByOthers()
    {
        byte[] boot = new byte[512];
        (boot[0], boot[439], boot[440], boot[510], boot[511]) = (0xEB, 0x11, 0x22, 0x55, 0xAA);

        byte[] record = GrubDisk.MasterBootRecord(boot, 1L << 30);

        // The code stays, the disk's number and the table are not the first stage's.
        Assert.Equal((0xEB, 0x11, 0), (record[0], record[439], record[440]));
        Assert.Equal(2048u, BinaryPrimitives.ReadUInt32LittleEndian(record.AsSpan(454)));
        Assert.Equal((1u << 21) - 2048, BinaryPrimitives.ReadUInt32LittleEndian(record.AsSpan(458)));
        string disk = Path.Combine(_directory, "disk");
        using (FileStream file = File.Create(disk))
        {
            file.Write(record);
            file.SetLength(1L << 30);
        }

        Assert.Matches(@"\* .* 2048 +2097151 +2095104 .* 83 Linux", ExampleImagesTests.Run("busybox", ["fdisk", "-l", disk]));
        Assert.Throws<ImageException>(() => GrubDisk.MasterBootRecord(new byte[512], 1L << 30));
    }

    [Fact]
    public async Task Contained_ProgramGivenUp_LeavesNoProcessAndNoMount()
    {
        string mark = Path.Combine(_directory, "mark"), mounted = Path.Combine(_directory, "mounted");
        Directory.CreateDirectory(mounted);
        using var giveUp = new CancellationTokenSource();
        Task run = Contained.RunAsync("sh", ["-c", $"mount -t tmpfs none {mounted} && touch {mounted}/x && sleep 3600 & sleep 3601 & until [ -e {mounted}/x ]; do sleep 0.1; done; touch {mark}; echo started >&2; wait"], "dash", line => { if (line == "started") giveUp.Cancel(); }, giveUp.Token);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);

        Assert.True(File.Exists(mark));
        Assert.False(File.Exists(Path.Combine(mounted, "x")));
        await GoneAsync("sleep\03600\0", "sleep\03601\0");
    }

    [Fact]
    public async Task Contained_FailedProgram_SaysItsLastErrors()
    {
        ImageException failed = await Assert.ThrowsAsync<ImageException>(() => Contained.RunAsync("sh", ["-c", "echo I: at work >&2; echo E: no such package >&2; exit 25"], "dash", _ => { }, CancellationToken.None));
        Assert.Equal("sh failed with code 25: E: no such package", failed.Message);
        Assert.Contains("install the package mmdebstrap", (await Assert.ThrowsAsync<ImageException>(() => Contained.RunAsync("no-such-program", [], "mmdebstrap", _ => { }, CancellationToken.None))).Message);
    }

    [Fact]
    public async Task Cache_AfterAKilledBuilderAndAFailure_HoldsNothingButWholeBuilds()
    {
        string left = Path.Combine(_directory, "work-left");
        Directory.CreateDirectory(left);
        File.WriteAllText(Path.Combine(left, "owner"), "");
        string busy = Path.Combine(_directory, "work-busy");
        Directory.CreateDirectory(busy);
        using FileStream held = new(Path.Combine(busy, "owner"), FileMode.Create, FileAccess.Write, FileShare.None);

        await Assert.ThrowsAsync<ImageException>(() => BuildCache.EnsureAsync(_directory, "thing", "1", (work, _) => { File.WriteAllText(Path.Combine(work, "half"), ""); throw new ImageException("no"); }, CancellationToken.None));
        Assert.Equal(["work-busy"], Names());
        string built = await BuildCache.EnsureAsync(_directory, "thing", "1", (_, to) => { File.WriteAllText(Path.Combine(to, "whole"), ""); return Task.CompletedTask; }, CancellationToken.None);

        Assert.Equal(["thing-1", "work-busy"], Names());
        Assert.Equal(built, await BuildCache.EnsureAsync(_directory, "thing", "1", (_, _) => throw new InvalidOperationException("it is there"), CancellationToken.None));

        string[] Names() => [.. Directory.GetFileSystemEntries(_directory).Select(p => Path.GetFileName(p)!).Order(StringComparer.Ordinal)];
    }

    // The kernel ends what is in a namespace after its first process has gone.
    private static async Task GoneAsync(params string[] commandLines)
    {
        long begin = Stopwatch.GetTimestamp();
        while (Directory.EnumerateDirectories("/proc").Any(p => Read(p + "/cmdline") is { } line && commandLines.Contains(line)))
        {
            Assert.True(Stopwatch.GetElapsedTime(begin) < TimeSpan.FromMinutes(1), "a process of it goes on");
            await Task.Delay(50);
        }

        static string? Read(string file)
        {
            try { return File.ReadAllText(file); }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException) { return null; }
        }
    }
}
