using System.Diagnostics;

namespace Gureum.EndToEnd.Support;

/// <summary>A web server on the shared cloud's loopback, at the one address of it that the operator lets images be downloaded from.</summary>
internal sealed class WebServer : IAsyncDisposable
{
    /// <summary>What the operator allows.</summary>
    internal const string Allowed = "127.0.0.2/32";

    /// <summary>How long its image is.</summary>
    internal const long Bytes = 2 << 20;

    private readonly string folder = Directory.CreateTempSubdirectory("gureum-web-").FullName;
    private readonly Process process;

    private WebServer(Cloud cloud, int port)
    {
        File.WriteAllBytes(Path.Combine(folder, "disk.raw"), new byte[Bytes]);
        Image = $"http://127.0.0.2:{port}/disk.raw";
        process = cloud.StartInside("/usr/bin/python3", "-m", "http.server", port.ToString(System.Globalization.CultureInfo.InvariantCulture), "--bind", "127.0.0.2", "--directory", folder);
    }

    /// <summary>Where its image is.</summary>
    internal string Image { get; }

    internal static async Task<WebServer> StartAsync(Cloud cloud, int port = 18090)
    {
        var server = new WebServer(cloud, port);
        await Eventually.GetAsync("the web server", async () => (await cloud.InsideAsync("/usr/bin/python3", ["-c", $"import urllib.request; print(len(urllib.request.urlopen('{server.Image}').read()))"])).Output.Trim(), static s => s.Length > 0);
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        Directory.Delete(folder, recursive: true);
    }
}
