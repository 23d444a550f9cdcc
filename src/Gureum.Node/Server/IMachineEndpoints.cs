using System.Text.Json.Nodes;

namespace Gureum.Node.Server;

/// <summary>What a running guest is told.</summary>
public enum MachineCommand
{
    /// <summary>Its processors stand still.</summary>
    Pause,

    /// <summary>They go on.</summary>
    Unpause,

    /// <summary>It is asked to boot again: through its agent, else by its power button.</summary>
    SoftReboot,

    /// <summary>Its reset button is pressed.</summary>
    Reset,

    /// <summary>Its agent makes the file systems stand still, for a limited time.</summary>
    Freeze,

    /// <summary>They go on.</summary>
    Unfreeze,
}

/// <summary>What a guest's agent is asked.</summary>
public enum MachineReading
{
    /// <summary>All that it knows (VirtualMachineInstanceGuestAgentInfo).</summary>
    Info,

    /// <summary>Users that are signed in (VirtualMachineInstanceGuestOSUserList).</summary>
    Users,

    /// <summary>File systems (VirtualMachineInstanceFileSystemList).</summary>
    FileSystems,
}

/// <summary>
/// What the node's server asks of guests, named as the API names their instances. Every method throws <see cref="NodeRequestException"/>, whose
/// status and message go to the client: 404 for an instance that is not on this node, 409 for one that does not run. Streams are for one reader and one
/// writer at the same time; disposal hangs up.
/// </summary>
public interface IMachineEndpoints
{
    /// <summary>Tells a guest something; returns when it is done.</summary>
    /// <param name="body">The request's body, as KubeVirt's type of that command.</param>
    Task RunAsync(string ns, string instance, MachineCommand command, JsonObject body, CancellationToken cancel);

    /// <summary>Asks the guest's agent; 409 if there is none.</summary>
    Task<JsonObject> ReadAsync(string ns, string instance, MachineReading reading, CancellationToken cancel);

    /// <summary>The serial console.</summary>
    /// <param name="takeOver">True: whoever has it is disconnected. False: 409 while somebody has it.</param>
    Task<Stream> OpenConsoleAsync(string ns, string instance, bool takeOver, CancellationToken cancel);

    /// <summary>The screen, as RFB.</summary>
    Task<Stream> OpenScreenAsync(string ns, string instance, CancellationToken cancel);

    /// <summary>What the screen shows now, as PNG.</summary>
    Task<byte[]> TakeScreenshotAsync(string ns, string instance, CancellationToken cancel);

    /// <summary>A TCP port of the guest.</summary>
    Task<Stream> ConnectAsync(string ns, string instance, int port, CancellationToken cancel);
}
