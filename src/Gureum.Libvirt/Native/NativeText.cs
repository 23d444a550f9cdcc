using System.Runtime.InteropServices;

namespace Gureum.Libvirt.Native;

/// <summary>C strings to and from libvirt.</summary>
internal static unsafe class NativeText
{
    /// <summary>Copies a string that the caller must free, and frees it.</summary>
    /// <exception cref="LibvirtException">There is none: the call failed.</exception>
    internal static string Take(byte* text, string what)
    {
        if (text == null) throw LibvirtException.Last(what);
        try
        {
            return Marshal.PtrToStringUTF8((IntPtr)text)!;
        }
        finally
        {
            NativeMemory.Free(text);
        }
    }

    /// <summary>Copies a string that stays libvirt's.</summary>
    internal static string? Copy(byte* text) => Marshal.PtrToStringUTF8((IntPtr)text);
}
