namespace Gureum.VirtualMachines;

/// <summary>Programs that show a screen over VNC.</summary>
internal sealed record ScreenViewer(string Program, IReadOnlyList<string> Arguments)
{
    /// <summary>The machine's viewer for a port of its loopback; null if there is none, or no display to show it on.</summary>
    internal static ScreenViewer? Find(int port)
    {
        if (Environment.GetEnvironmentVariable("DISPLAY") is not { Length: > 0 } && Environment.GetEnvironmentVariable("WAYLAND_DISPLAY") is not { Length: > 0 }) return null;
        string[] path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        return Known(port).FirstOrDefault(v => path.Any(d => File.Exists(Path.Combine(d, v.Program))));
    }

    internal static IReadOnlyList<ScreenViewer> Known(int port) => [new("remote-viewer", [$"vnc://127.0.0.1:{port}"]), new("vncviewer", [$"127.0.0.1::{port}"])];
}
