using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Gureum.Machine;

/// <summary>Finds out whether a TCP port is free, and who has it if not.</summary>
internal static class PortCheck
{
    /// <summary>Null when the port can be listened on, else a sentence naming who has it.</summary>
    internal static string? WhyTaken(IPAddress address, int port)
    {
        try
        {
            using var probe = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            probe.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            probe.Bind(new IPEndPoint(address, port));
            probe.Listen(1);
            return null;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            return $"port {port} on {address} is in use by {Owner(port)}";
        }
        catch (SocketException e)
        {
            return $"cannot listen on {address}:{port}: {e.Message}";
        }
    }

    // /proc/net/tcp names the socket's inode, and a link below /proc/PID/fd names its process (proc(5)).
    private static string Owner(int port)
    {
        HashSet<string> sockets = [.. Listeners("/proc/net/tcp", port), .. Listeners("/proc/net/tcp6", port)];
        foreach (string process in Directory.EnumerateDirectories("/proc").Where(p => char.IsAsciiDigit(Path.GetFileName(p)[0])))
        {
            try
            {
                if (Directory.EnumerateFiles(process + "/fd").Any(f => new FileInfo(f).LinkTarget is { } target && sockets.Contains(target)))
                    return $"{File.ReadAllText(process + "/comm").Trim()} (process {Path.GetFileName(process)})";
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                continue; // the process ended while we looked
            }
        }

        return "a process that cannot be seen from here";
    }

    private static IEnumerable<string> Listeners(string table, int port)
    {
        if (!File.Exists(table)) yield break;
        string local = ":" + port.ToString("X4", CultureInfo.InvariantCulture);
        foreach (string line in File.ReadLines(table).Skip(1))
        {
            string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields is [_, var here, _, "0A", _, _, _, _, _, var inode, ..] && here.EndsWith(local, StringComparison.Ordinal)) yield return $"socket:[{inode}]";
        }
    }
}
