using System.ComponentModel;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Gureum.Network.Pods;

/// <summary>What a container runtime finds on disk: the plugin binaries and the network's configuration.</summary>
public static class CniFiles
{
    /// <summary>The configuration's file name; with `max_conf_num = 1` containerd takes the first in the folder.</summary>
    public const string ConfigurationName = "10-gureum.conflist";

    /// <summary>The configuration list (CNI 1.0) that leads to the agent's socket.</summary>
    public static string Configuration(string socketPath)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("cniVersion", "1.0.0");
            json.WriteString("name", "gureum");
            json.WriteStartArray("plugins");
            json.WriteStartObject();
            json.WriteString("type", "gureum");
            json.WriteString("gureumSocket", socketPath);
            json.WriteStartObject("capabilities");
            json.WriteBoolean("portMappings", true);
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length) + "\n";
    }

    /// <summary>Writes the configuration into a folder such as /etc/cni/net.d, atomically.</summary>
    public static void WriteConfiguration(string directory, string socketPath)
    {
        Directory.CreateDirectory(directory);
        var path = Path.Combine(directory, ConfigurationName);
        File.WriteAllText(path + ".new", Configuration(socketPath)); // runtimes only look at .conf, .conflist and .json
        File.Move(path + ".new", path, overwrite: true);
    }

    /// <summary>
    /// Compiles the shim with gcc, statically, as `gureum` and `loopback` in the folder; nothing is done when the folder
    /// has them from the same source.
    /// </summary>
    /// <exception cref="PodNetworkException">gcc is missing or refused; the message says what to install.</exception>
    public static async Task InstallPluginsAsync(string directory, CancellationToken cancel = default)
    {
        Directory.CreateDirectory(directory);
        var source = Source();
        var stamp = Convert.ToHexStringLower(SHA256.HashData(source));
        string plugin = Path.Combine(directory, "gureum"), loopback = Path.Combine(directory, "loopback"), mark = Path.Combine(directory, ".gureum-source");
        if (File.Exists(plugin) && File.Exists(loopback) && File.Exists(mark) && await File.ReadAllTextAsync(mark, cancel) == stamp) return;

        var fresh = Path.Combine(directory, $".gureum-{Environment.ProcessId}");
        try
        {
            await File.WriteAllBytesAsync(fresh + ".c", source, cancel);
            await CompileAsync(fresh + ".c", fresh, cancel);
            File.Copy(fresh, fresh + "-loopback", overwrite: true);
            File.Move(fresh + "-loopback", loopback, overwrite: true); // a rename: a plugin that runs right now is not disturbed
            File.Move(fresh, plugin, overwrite: true);
            await File.WriteAllTextAsync(mark, stamp, cancel);
        }
        finally
        {
            foreach (var leftOver in new[] { fresh, fresh + ".c", fresh + "-loopback" }) File.Delete(leftOver);
        }
    }

    private static async Task CompileAsync(string source, string binary, CancellationToken cancel)
    {
        var start = new ProcessStartInfo("gcc", ["-static", "-Os", "-s", "-Wall", "-o", binary, source]) { RedirectStandardError = true };
        try
        {
            using var gcc = Process.Start(start)!;
            var said = await gcc.StandardError.ReadToEndAsync(cancel);
            await gcc.WaitForExitAsync(cancel);
            if (gcc.ExitCode != 0)
                throw new PodNetworkException($"gcc could not compile the CNI plugin; install the packages gcc and libc6-dev. It said: {said.Trim()}");
        }
        catch (Win32Exception e)
        {
            throw new PodNetworkException("the CNI plugin must be compiled once, and there is no gcc; install the packages gcc and libc6-dev", e);
        }
    }

    private static byte[] Source()
    {
        using var stream = typeof(CniFiles).Assembly.GetManifestResourceStream("cni-shim.c")!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
