namespace Gureum.Libvirt;

/// <summary>
/// Runs libvirt's calls, each of which blocks its thread for the time of a round trip to libvirtd (0.3 ms) or until QEMU has
/// answered (seconds). They have threads of their own, so that the thread pool, which serves everything else in this
/// process, never waits for a hypervisor: at most <see cref="Most"/>, started when needed and ended after ten idle seconds. Calls
/// that take as long as the guest likes (migration, the guest agent) get a thread for themselves by <see cref="RunLongAsync{T}"/>.
/// libvirt keeps its last error for each thread, and call and look-up happen on the same one. Thread-safe state.
/// </summary>
internal sealed class BlockingCalls
{
    internal const int Most = 8;
    private static readonly TimeSpan IdleLimit = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly Queue<Action> _waiting = new();
    private readonly Queue<Worker> _idle = new();
    private int _threads;

    /// <summary>The calls of this process: connections share the threads.</summary>
    internal static BlockingCalls Shared { get; } = new();

    /// <summary>Runs a call. A cancelled caller stops waiting; the call itself cannot be interrupted and runs to its end.</summary>
    internal Task<T> RunAsync<T>(Func<T> call, CancellationToken cancel)
    {
        if (cancel.IsCancellationRequested) return Task.FromCanceled<T>(cancel);
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Enqueue(() => Complete(result, call));
        return result.Task.WaitAsync(cancel);
    }

    /// <summary>The same on a thread of its own.</summary>
    internal static Task<T> RunLongAsync<T>(Func<T> call, CancellationToken cancel)
    {
        if (cancel.IsCancellationRequested) return Task.FromCanceled<T>(cancel);
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        NewThread(() => Complete(result, call), "libvirt long call").Start();
        return result.Task.WaitAsync(cancel);
    }

    private void Enqueue(Action work)
    {
        lock (_gate)
        {
            if (_idle.TryDequeue(out Worker? worker))
            {
                worker.Give(work);
                return;
            }

            if (_threads == Most)
            {
                _waiting.Enqueue(work);
                return;
            }

            _threads++;
        }

        NewThread(() => Serve(work), "libvirt call").Start();
    }

    private void Serve(Action first)
    {
        using var self = new Worker();
        Action? work = first;
        while (work is not null)
        {
            work();
            work = Next(self);
        }
    }

    private Action? Next(Worker self)
    {
        lock (_gate)
        {
            if (_waiting.TryDequeue(out Action? next)) return next;
            _idle.Enqueue(self);
        }

        if (self.Wait(IdleLimit) is { } given) return given;
        lock (_gate)
        {
            if (self.Taken is { } late) return late; // given in the instant in which the wait ended
            _threads--;
            int others = _idle.Count;
            for (int i = 0; i < others; i++)
            {
                Worker worker = _idle.Dequeue();
                if (worker != self) _idle.Enqueue(worker);
            }

            return null;
        }
    }

    private static void Complete<T>(TaskCompletionSource<T> result, Func<T> call)
    {
        try
        {
            result.SetResult(call());
        }
#pragma warning disable CA1031 // whatever it is belongs to the caller
        catch (Exception e)
#pragma warning restore CA1031
        {
            result.SetException(e);
        }
    }

    private static Thread NewThread(ThreadStart start, string name) => new(start, maxStackSize: 512 * 1024) { IsBackground = true, Name = name };

    /// <summary>A thread that waits for work.</summary>
    private sealed class Worker : IDisposable
    {
        private readonly ManualResetEventSlim _signal = new(false, spinCount: 0);
        private Action? _work;

        /// <summary>Work that was given and not fetched yet.</summary>
        internal Action? Taken => Interlocked.Exchange(ref _work, null);

        internal void Give(Action work)
        {
            Volatile.Write(ref _work, work);
            _signal.Set();
        }

        internal Action? Wait(TimeSpan limit)
        {
            if (!_signal.Wait(limit)) return null;
            _signal.Reset();
            return Taken;
        }

        public void Dispose() => _signal.Dispose();
    }
}
