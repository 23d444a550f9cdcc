using System.Buffers.Binary;
using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Gureum.Client;

namespace Gureum.Node.Native;

/// <summary>A file that the kernel shows as a block device (loop(4)). Immutable.</summary>
/// <param name="Path">As /dev/loop3.</param>
/// <param name="Owner">Whose it is: what was given when it was made.</param>
/// <param name="File">The file, as the kernel knows it.</param>
internal sealed partial record LoopDevice(string Path, string Owner, string File)
{
    private const string Control = "/dev/loop-control";
    private const uint GetFree = 0x4C82, Configure = 0x4C0A, Clear = 0x4C01, GetStatus = 0x4C05;
    private const int InfoSize = 232, ConfigSize = 8 + InfoSize + 64, NameAt = 56, NameSize = 64, MostTries = 8, Busy = 16;

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(int fd, nuint request, nint argument);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int ioctl(int fd, nuint request, Span<byte> argument);

    /// <summary>Makes one. It stays until it is removed, whoever ends.</summary>
    /// <exception cref="IOException">This kernel gives none.</exception>
    internal static LoopDevice Attach(string file, string owner)
    {
        using var backing = new Descriptor(file);
        using var control = new Descriptor(Control);
        // Between the question for a free one and its use somebody else may have taken it.
        for (var i = 0; i < MostTries; i++)
        {
            var number = ioctl(control.Number, GetFree, 0);
            if (number < 0) throw Failed("asking for a free loop device");
            using var device = new Descriptor($"/dev/loop{number}");
            var config = new byte[ConfigSize];
            BinaryPrimitives.WriteUInt32LittleEndian(config, (uint)backing.Number);
            Encoding.ASCII.GetBytes(owner, config.AsSpan(8 + NameAt, NameSize - 1));
            if (ioctl(device.Number, Configure, config) == 0) return new LoopDevice(device.Path, owner, file);
            if (Marshal.GetLastPInvokeError() != Busy) throw Failed($"attaching {file} to {device.Path}");
        }
        throw new IOException($"no loop device stayed free for {file}");
    }

    /// <summary>All of an owner.</summary>
    internal static IReadOnlyList<LoopDevice> Of(string owner)
    {
        var found = new List<LoopDevice>();
        foreach (var folder in Directory.Exists("/sys/block") ? Directory.EnumerateDirectories("/sys/block", "loop*") : [])
        {
            try
            {
                var file = System.IO.File.ReadAllText(folder + "/loop/backing_file").TrimEnd('\n');
                using var device = new Descriptor("/dev/" + System.IO.Path.GetFileName(folder));
                var info = new byte[InfoSize];
                if (ioctl(device.Number, GetStatus, info) == 0 && Encoding.ASCII.GetString(info, NameAt, NameSize).TrimEnd('\0') == owner) found.Add(new LoopDevice(device.Path, owner, file));
            }
            catch (IOException) { /* it is free, or went meanwhile */ }
        }
        return found;
    }

    /// <summary>Lets the file go: at once, or when the last who has the device open closes it.</summary>
    internal void Remove()
    {
        try
        {
            using var device = new Descriptor(Path);
            if (ioctl(device.Number, Clear, 0) != 0) Log.Current.Warn("volumes", $"{Path} does not let go of {File}: {Libc.LastError()}");
        }
        catch (IOException e) { Log.Current.Warn("volumes", e.Message); }
    }

    private static IOException Failed(string what) => new($"{what}: {new Win32Exception(Marshal.GetLastPInvokeError()).Message.ToString(CultureInfo.InvariantCulture)}");

    private sealed class Descriptor : IDisposable
    {
        internal Descriptor(string path)
        {
            Path = path;
            Number = Libc.open(path, Libc.O_RDWR | Libc.O_CLOEXEC, 0);
            if (Number < 0) throw Failed($"opening {path}");
        }

        internal string Path { get; }
        internal int Number { get; }

        public void Dispose() => _ = Libc.close(Number);
    }
}
