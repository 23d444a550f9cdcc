using System.Globalization;
using System.Text.Json;

namespace Gureum.Running;

/// <summary>Finds the server process of a cloud by what it wrote of itself.</summary>
public static class Servers
{
    /// <summary>The running server, or null when there is none (whatever a crashed one left behind).</summary>
    public static ServerProcess? Find(ClusterOptions options)
    {
        try
        {
            var known = JsonSerializer.Deserialize(File.ReadAllText(options.ServerFile), RunningJson.Default.ServerProcess);
            return known is not null && StartTicks(known.Pid) == known.StartTicks ? known : null;
        }
        catch (Exception e) when (e is IOException or JsonException) { return null; }
    }

    internal static void Write(ClusterOptions options, ServerProcess server)
    {
        Directory.CreateDirectory(options.RunDirectory);
        File.WriteAllText(options.ServerFile + ".new", JsonSerializer.Serialize(server, RunningJson.Default.ServerProcess));
        File.Move(options.ServerFile + ".new", options.ServerFile, overwrite: true);
    }

    /// <summary>When a process started, in clock ticks since boot; null when it does not run.</summary>
    public static long? StartTicks(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            // A zombie has ended, though its entry is still there.
            return fields[0] == "Z" ? null : long.Parse(fields[19], CultureInfo.InvariantCulture);
        }
        catch (IOException) { return null; }
    }
}
