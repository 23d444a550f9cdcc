using Gureum.Libvirt.Native;

namespace Gureum.Libvirt.Events;

/// <summary>
/// libvirt's event loop: one thread for the whole process, in which libvirt calls everything that it has to tell. What it
/// calls hands on and returns; nothing may block here. It waits in poll(2) while nothing happens.
/// </summary>
internal static unsafe class EventLoop
{
    private static readonly Lazy<string?> Started = new(Start, LazyThreadSafetyMode.ExecutionAndPublication);

    /// <summary>Starts the loop unless it runs. It must run before the first connection is opened.</summary>
    /// <exception cref="DllNotFoundException">libvirt is not installed; the message says which package has it.</exception>
    internal static void Ensure()
    {
        if (Started.Value is { } problem) throw new DllNotFoundException(problem);
    }

    private static string? Start()
    {
        try
        {
            LibvirtException.Check(Virt.virInitialize(), "starting libvirt's library");
        }
        catch (DllNotFoundException)
        {
            return "libvirt.so.0 is not installed: install the package libvirt0";
        }

        // Without a handler of ours libvirt writes each error to standard error as well.
        Virt.virSetErrorFunc(IntPtr.Zero, &Ignore);
        LibvirtException.Check(Virt.virEventRegisterDefaultImpl(), "registering libvirt's event loop");
        new Thread(Run, maxStackSize: 512 * 1024) { IsBackground = true, Name = "libvirt events" }.Start();
        return null;
    }

    private static void Run()
    {
        while (true)
        {
            // It fails when poll does, which would be memory running out: go on, slowly.
            if (Virt.virEventRunDefaultImpl() < 0) Thread.Sleep(100);
        }
    }

    [System.Runtime.InteropServices.UnmanagedCallersOnly]
    private static void Ignore(void* userData, Virt.VirtError* error)
    {
    }
}
