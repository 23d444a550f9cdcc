using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace Gureum.Cel.Tests.Conformance;

/// <summary>
/// The public conformance cases of cel-spec (v0.25.1) as the npm package @bufbuild/cel-spec carries them. Fetched by npm into
/// artifacts/ on the first run, checked against its integrity hash, turned into JSON by node.
/// </summary>
internal static class ConformanceData
{
    private const string Package = "@bufbuild/cel-spec@0.6.1";
    private const string Integrity = "m0Ac9qA669yxxC0Hy45qGsUZemjImVfxPl6r9jLbkJviEvv3R9hSYyH2ItGRbDguekX6eId0cb62ulNBK97ezg==";

    /// <summary>One of conformance, parsing, checking, comprehension.</summary>
    internal static JsonNode Load(string suite) => JsonNode.Parse(File.ReadAllBytes(Path.Combine(Folder.Value, suite + ".json")))!;

    private static readonly Lazy<string> Folder = new(Prepare);

    private static string Prepare()
    {
        string folder = Path.Combine(Root(), "artifacts", "cel-spec-0.6.1");
        string done = Path.Combine(folder, "complete");
        if (File.Exists(done)) return folder;
        Directory.CreateDirectory(folder);
        string archive = Path.Combine(folder, "bufbuild-cel-spec-0.6.1.tgz");
        if (!File.Exists(archive)) Run("npm", ["pack", Package, "--pack-destination", folder, "--silent"]);
        byte[] bytes = File.ReadAllBytes(archive);
        Assert.True(Convert.ToBase64String(SHA512.HashData(bytes)) == Integrity, $"{archive} is not {Package} as pinned: delete it and try again");
        using (var tar = new TarReader(new GZipStream(new MemoryStream(bytes), CompressionMode.Decompress)))
        {
            while (tar.GetNextEntry() is { } entry)
            {
                if (!entry.Name.StartsWith("package/dist/esm/testdata/", StringComparison.Ordinal) || !entry.Name.EndsWith(".js", StringComparison.Ordinal)) continue;
                string suite = Path.GetFileNameWithoutExtension(entry.Name);
                if (suite is not ("conformance" or "parsing" or "checking" or "comprehension")) continue;
                string module = Path.Combine(folder, suite + ".mjs");
                entry.ExtractToFile(module, true);
                Run("node", ["--input-type=module", "-e", "const m = await import(process.argv[1]); (await import('node:fs')).writeFileSync(process.argv[2], JSON.stringify(m.tests));", module, Path.Combine(folder, suite + ".json")]);
            }
        }

        File.WriteAllText(done, Package);
        return folder;
    }

    private static string Root()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Directory.Packages.props"))) return at.FullName;
        }

        throw new InvalidOperationException("the tests run outside of a clone");
    }

    private static void Run(string program, string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            string error = process.StandardError.ReadToEnd();
            if (!process.WaitForExit(TimeSpan.FromMinutes(2)))
            {
                process.Kill();
                throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} did not end within two minutes");
            }

            Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)} failed with {process.ExitCode}: {error}{output.Result}");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Fail($"{program} is missing: the conformance cases of cel-spec need it (Debian: apt-get install nodejs npm)");
        }
    }
}
