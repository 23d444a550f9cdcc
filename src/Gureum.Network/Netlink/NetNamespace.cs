using System.Runtime.ExceptionServices;
using Microsoft.Win32.SafeHandles;

namespace Gureum.Network.Netlink;

/// <summary>
/// A network namespace, by the path of its file, or the one that this process lives in. Immutable.
/// </summary>
/// <remarks>
/// setns(2) changes one thread. Work for another namespace therefore gets a thread of its own that ends with the work,
/// so that no pooled thread is ever left in the wrong place. Sockets keep the namespace in which they were opened.
/// </remarks>
public sealed class NetNamespace
{
    private NetNamespace(string? path) => Path = path;

    /// <summary>The namespace that this process was started in.</summary>
    public static NetNamespace Current { get; } = new(null);

    /// <summary>The namespace's file, or null for <see cref="Current"/>.</summary>
    public string? Path { get; }

    /// <summary>The namespace behind a file such as /run/netns/name or /proc/42/ns/net. The file is opened at each use.</summary>
    public static NetNamespace At(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new NetNamespace(path);
    }

    /// <summary>Makes a new, empty namespace and pins it to a new file at <paramref name="path"/>.</summary>
    /// <exception cref="NetlinkException">The kernel refused; nothing is left at the path.</exception>
    public static NetNamespace Create(string path)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!);
        using (new FileStream(path, FileMode.CreateNew)) { }
        try
        {
            OnOwnThread(() =>
            {
                if (Libc.Unshare(Libc.CloneNewNet) != 0) throw NetlinkException.Last("make a network namespace");
                if (Libc.Mount($"/proc/self/task/{Libc.ThreadId()}/ns/net", path, null, Libc.MountBind, 0) != 0)
                    throw NetlinkException.Last($"pin a network namespace at {path}");
                return true;
            });
        }
        catch
        {
            File.Delete(path);
            throw;
        }
        return new NetNamespace(path);
    }

    /// <summary>The namespace that is pinned at a path, or a new one when none is; a file that an earlier boot left is replaced.</summary>
    /// <exception cref="NetlinkException">The kernel refused.</exception>
    public static NetNamespace Ensure(string path)
    {
        if (!File.Exists(path)) return Create(path);
        var there = At(path);
        try
        {
            there.Run(static () => { });
            return there;
        }
        catch (NetlinkException e) when (e.Errno == Libc.Einval)
        {
            File.Delete(path);
            return Create(path);
        }
    }

    /// <summary>Unpins the namespace and removes its file; the kernel frees it with its last user. An absent file is fine.</summary>
    public void Delete()
    {
        if (Path is null) throw new InvalidOperationException("the namespace of this process cannot be deleted");
        if (!File.Exists(Path)) return;
        if (Libc.Unmount(Path, Libc.UnmountDetach) != 0)
        {
            var error = NetlinkException.Last($"unpin the network namespace at {Path}");
            if (error.Errno != Libc.Einval) throw error; // EINVAL: nothing was mounted there
        }
        File.Delete(Path);
    }

    /// <summary>Runs synchronous work inside the namespace and returns its result; what it throws is thrown here.</summary>
    /// <exception cref="NetlinkException">The namespace is gone or may not be entered.</exception>
    public T Run<T>(Func<T> work)
    {
        if (Path is null) return work();
        return OnOwnThread(() =>
        {
            using var handle = Open();
            if (Libc.SetNamespace((int)handle.DangerousGetHandle(), Libc.CloneNewNet) != 0)
                throw NetlinkException.Last($"enter network namespace {Path}");
            return work();
        });
    }

    /// <inheritdoc cref="Run{T}"/>
    public void Run(Action work) => Run(() => { work(); return true; });

    /// <summary>Opens the namespace's file, to hand it to the kernel by descriptor.</summary>
    internal SafeFileHandle Open()
    {
        var path = Path ?? "/proc/self/ns/net";
        var descriptor = Libc.Open(path, Libc.OpenReadOnly | Libc.OpenCloexec);
        if (descriptor < 0) throw NetlinkException.Last($"open network namespace {path}");
        return new SafeFileHandle(descriptor, ownsHandle: true);
    }

    /// <inheritdoc/>
    public override string ToString() => Path ?? "(this process's network namespace)";

    private static T OnOwnThread<T>(Func<T> work)
    {
        T result = default!;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try { result = work(); }
            catch (Exception e) { failure = ExceptionDispatchInfo.Capture(e); }
        }, 256 * 1024) { IsBackground = true, Name = "netns" };
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result;
    }
}
