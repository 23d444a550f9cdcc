using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf.WellKnownTypes;
using Google.Protobuf;
using Grpc.Core;
using Gureum.Node.Containerd.V1;
using static Gureum.Node.Runtime.CriConnection;

namespace Gureum.Node.Runtime;

/// <summary>Exec through containerd's task service, the streams being FIFOs. Thread-safe.</summary>
internal sealed class TaskExec
{
    private const string ProcessTypeUrl = "types.containerd.io/opencontainers/runtime-spec/1/Process";

    private readonly CriConnection _connection;
    private readonly string _fifoDirectory;

    internal TaskExec(CriConnection connection, string fifoDirectory)
    {
        _connection = connection;
        _fifoDirectory = fifoDirectory;
        // What an earlier process of ours left when it was killed: its sessions ended with it.
        if (Directory.Exists(fifoDirectory)) Directory.Delete(fifoDirectory, recursive: true);
    }

    internal async Task<IExecSession> StartAsync(string containerId, ExecRequest request, CancellationToken cancel)
    {
        if (request.Command.Count == 0)
            throw new ContainerRuntimeException(RuntimeFailure.Refused, $"exec in container {containerId}: the command is empty");
        string action = $"exec of \"{request.Command[0]}\" in container {containerId}";

        GetContainerResponse container = await CallAsync(action,
            o => _connection.Containers.GetAsync(new GetContainerRequest { Id = containerId }, o), cancel, headers: NamespaceHeader()).ConfigureAwait(false);
        byte[] process = ProcessSpec(container.Container.Spec.Value.ToByteArray(), request);

        string execId = $"gureum-{Guid.NewGuid():N}";
        ProcessFifos fifos = await ProcessFifos.CreateAsync(
            Path.Combine(_fifoDirectory, execId), request.Stdin, request.Stdout, request.Stderr && !request.Tty).ConfigureAwait(false);
        bool added = false;
        try
        {
            await CallAsync(action, o => _connection.Tasks.ExecAsync(new ExecProcessRequest
            {
                ContainerId = containerId,
                ExecId = execId,
                Terminal = request.Tty,
                Stdin = fifos.StdinPath,
                Stdout = fifos.StdoutPath,
                Stderr = request.Tty ? "" : fifos.StderrPath,
                Spec = new Any { TypeUrl = ProcessTypeUrl, Value = ByteString.CopyFrom(process) },
            }, o), cancel, headers: NamespaceHeader()).ConfigureAwait(false);
            added = true;
            await CallAsync(action, o => _connection.Tasks.StartAsync(new StartRequest { ContainerId = containerId, ExecId = execId }, o),
                cancel, headers: NamespaceHeader()).ConfigureAwait(false);
            return new TaskExecSession(_connection, containerId, execId, fifos);
        }
        catch
        {
            if (added) await TaskExecSession.DeleteAsync(_connection, containerId, execId).ConfigureAwait(false);
            await fifos.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// The OCI process of an exec: the container's own (user, capabilities, environment, directory) with another command.
    /// </summary>
    internal static byte[] ProcessSpec(ReadOnlySpan<byte> containerSpec, ExecRequest request)
    {
        JsonNode process = JsonNode.Parse(containerSpec)?["process"]?.DeepClone()
            ?? throw new ContainerRuntimeException(RuntimeFailure.Failed, "the container's OCI spec has no process");
        process["args"] = new JsonArray([.. request.Command.Select(c => (JsonNode)JsonValue.Create(c))]);
        process["terminal"] = request.Tty;
        if (request.Tty)
        {
            var environment = process["env"] as JsonArray ?? [];
            if (!environment.Any(e => ((string?)e)?.StartsWith("TERM=", StringComparison.Ordinal) == true))
                environment.Add((JsonNode)JsonValue.Create("TERM=xterm"));
            process["env"] = environment.Parent is null ? environment : environment.DeepClone();
        }

        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer)) process.WriteTo(writer);
        return buffer.ToArray();
    }
}

/// <summary>One process started by <see cref="TaskExec"/>.</summary>
internal sealed class TaskExecSession : IExecSession
{
    private readonly CriConnection _connection;
    private readonly string _containerId, _execId;
    private readonly ProcessFifos _fifos;
    private readonly CancellationTokenSource _disposed = new();
    private readonly Task<int> _exit;

    internal TaskExecSession(CriConnection connection, string containerId, string execId, ProcessFifos fifos)
    {
        _connection = connection;
        _containerId = containerId;
        _execId = execId;
        _fifos = fifos;
        Stdin = fifos.Stdin is { } stdin ? new ClosingStream(stdin, CloseInputAsync) : null;
        _exit = AwaitExitAsync();
    }

    public Stream? Stdin { get; }

    public Stream? Stdout => _fifos.Stdout;

    public Stream? Stderr => _fifos.Stderr;

    public Task<int> WaitAsync(CancellationToken cancel) => _exit.WaitAsync(cancel);

    public Task ResizeAsync(TerminalSize size, CancellationToken cancel) => CallAsync(
        $"resizing the terminal of exec {_execId}",
        o => _connection.Tasks.ResizePtyAsync(
            new ResizePtyRequest { ContainerId = _containerId, ExecId = _execId, Width = size.Width, Height = size.Height }, o),
        cancel, headers: NamespaceHeader());

    public async ValueTask DisposeAsync()
    {
        if (_disposed.IsCancellationRequested) return;
        if (!_exit.IsCompleted) await KillAsync().ConfigureAwait(false);
        await _disposed.CancelAsync().ConfigureAwait(false);
        await ((Task)_exit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        // Our ends first: a shim that waits for a reader would not delete the process.
        await _fifos.DisposeAsync().ConfigureAwait(false);
        await DeleteAsync(_connection, _containerId, _execId).ConfigureAwait(false);
        _disposed.Dispose();
    }

    /// <summary>Makes containerd forget an exec. It may have done so already, together with the container.</summary>
    internal static async Task DeleteAsync(CriConnection connection, string containerId, string execId)
    {
        try
        {
            await CallAsync($"deleting exec {execId}",
                o => connection.Tasks.DeleteProcessAsync(new DeleteProcessRequest { ContainerId = containerId, ExecId = execId }, o),
                CancellationToken.None, TimeSpan.FromSeconds(10), NamespaceHeader()).ConfigureAwait(false);
        }
        catch (ContainerRuntimeException)
        {
            // The process lives on in a container that is going, or the shim is gone: both end with the container.
        }
    }

    private async Task<int> AwaitExitAsync()
    {
        while (true)
        {
            try
            {
                WaitResponse response = await CallAsync($"waiting for exec {_execId} in container {_containerId}",
                    o => _connection.Tasks.WaitAsync(new WaitRequest { ContainerId = _containerId, ExecId = _execId }, o),
                    _disposed.Token, Timeout.InfiniteTimeSpan, NamespaceHeader()).ConfigureAwait(false);
                return (int)response.ExitStatus;
            }
            catch (ContainerRuntimeException e) when (e.Failure == RuntimeFailure.Unavailable)
            {
                // containerd restarts under us; the shim keeps the process and its exit status.
                await Task.Delay(TimeSpan.FromMilliseconds(500), _disposed.Token).ConfigureAwait(false);
            }
        }
    }

    private async Task KillAsync()
    {
        try
        {
            await CallAsync($"killing exec {_execId}",
                o => _connection.Tasks.KillAsync(new KillRequest { ContainerId = _containerId, ExecId = _execId, Signal = Native.Libc.SIGKILL }, o),
                CancellationToken.None, TimeSpan.FromSeconds(10), NamespaceHeader()).ConfigureAwait(false);
            await ((Task)_exit).WaitAsync(TimeSpan.FromSeconds(5)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        catch (ContainerRuntimeException)
        {
            // ended in the meantime
        }
    }

    // The shim keeps an end of the FIFO open for itself: only this call lets the process see the end of its input.
    private async Task CloseInputAsync()
    {
        try
        {
            await CallAsync($"closing the input of exec {_execId}",
                o => _connection.Tasks.CloseIOAsync(new CloseIORequest { ContainerId = _containerId, ExecId = _execId, Stdin = true }, o),
                CancellationToken.None, TimeSpan.FromSeconds(10), NamespaceHeader()).ConfigureAwait(false);
        }
        catch (ContainerRuntimeException)
        {
            // ended in the meantime
        }
    }
}
