using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Gureum.Commands;
using Gureum.Commands.Vm;
using Gureum.Starting;
using Gureum.VirtualMachines;

namespace Gureum.Tests;

public sealed class VirtualMachineCommandTests
{
    [Fact]
    public void Ssh_OptionsBehindTheTarget_BelongToTheCommand()
    {
        SshRequest request = SshRequest.Parse(["-n", "prod", "-i", "/k", "--port=2222", "root@web", "head", "-n", "1", "--", "-i"]);

        Assert.Equal(("root", "web", "/k", 2222, "prod"), (request.User, request.Machine, request.Identity, request.Port, request.Namespace));
        Assert.Equal(["head", "-n", "1", "--", "-i"], request.Command);
    }

    [Theory]
    [InlineData(new string[0], "name a machine")]
    [InlineData(new[] { "-n" }, "-n needs a value")]
    [InlineData(new[] { "-L", "80:x:80", "web" }, "-L")]
    [InlineData(new[] { "-p", "0", "web" }, "-p 0")]
    [InlineData(new[] { "root@" }, "root@")]
    [InlineData(new[] { "@web" }, "@web")]
    [InlineData(new[] { "root@-oProxyCommand=x" }, "[user@]NAME")]
    public void Ssh_WrongWords_AreRefusedByName(string[] words, string expected) => Assert.Contains(expected, Assert.Throws<CommandFailure>(() => SshRequest.Parse(words)).Message);

    [Fact]
    public void Ssh_Arguments_QuoteTheProxyForAShellAndEndOptionsBeforeTheTarget()
    {
        IReadOnlyList<string> arguments = SshRequest.Parse(["root@web", "ls"]).Arguments(["/opt/my gureum", "it's", "100%"], "web.default.uid", "/home/me/.ssh/known", "default");

        Assert.Contains("ProxyCommand='/opt/my gureum' 'it'\\''s' '100%%'", arguments);
        Assert.Equal(["-l", "root", "--", "web.default", "ls"], arguments.TakeLast(5));
    }

    [Theory]
    [InlineData(new[] { "gureum", "vm", "ssh", "-n", "a", "web", "ls" }, new[] { "-n", "a", "web", "ls" })]
    [InlineData(new[] { "/usr/bin/gureum", "vm", "ssh", "ssh", "vm" }, new[] { "ssh", "vm" })]
    public void Ssh_Words_AreTakenFromTheCommandLine(string[] line, string[] expected) => Assert.Equal(expected, VmSshCommand.Words(line));

    [Theory]
    [InlineData("80", 0, 80)]
    [InlineData("8080:80", 8080, 80)]
    [InlineData("0:65535", 0, 65535)]
    public void PortForward_Ports_AreUnderstood(string text, int local, int remote) => Assert.Equal((local, remote), VmPortForwardCommand.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("http")]
    [InlineData("65536")]
    [InlineData("1:2:3")]
    [InlineData("-1:80")]
    public void PortForward_WhatIsNoPort_IsRefused(string text) => Assert.Contains(text, Assert.Throws<CommandFailure>(() => VmPortForwardCommand.Parse(text)).Message);

    [Fact]
    public void Grace_ForceAndPeriod_GoTogether()
    {
        Assert.Null(VmWishCommands.Grace("gracePeriod", force: false, seconds: null));
        Assert.Equal("""{"gracePeriod":0}""", VmWishCommands.Grace("gracePeriod", force: true, seconds: 0)!.ToJsonString());
        Assert.Contains("--grace-period", Assert.Throws<CommandFailure>(() => VmWishCommands.Grace("gracePeriod", force: true, seconds: null)).Message);
        Assert.Contains("--force", Assert.Throws<CommandFailure>(() => VmWishCommands.Grace("gracePeriod", force: false, seconds: 5)).Message);
        Assert.Contains("-1", Assert.Throws<CommandFailure>(() => VmWishCommands.Grace("gracePeriod", force: true, seconds: -1)).Message);
    }

    [Fact]
    public void Table_Lines_AreAlignedAsKubectlsAre()
    {
        var table = (JsonObject)JsonNode.Parse("""
            {"columnDefinitions":[{"name":"Name"},{"name":"Phase"},{"name":"IP"}],
             "rows":[{"cells":["web","Running","10.0.0.1"],"object":{"metadata":{"namespace":"a"}}},{"cells":["longer-name","Pending",null],"object":{"metadata":{"namespace":"bb"}}}]}
            """)!;

        Assert.Equal(["NAME          PHASE     IP", "web           Running   10.0.0.1", "longer-name   Pending   <none>"], ServerTable.Lines(table, withNamespace: false));
        Assert.Equal("NAMESPACE   NAME          PHASE     IP", ServerTable.Lines(table, withNamespace: true)[0]);
        Assert.StartsWith("bb          longer-name", ServerTable.Lines(table, withNamespace: true)[2]);
    }

    [Fact]
    public async Task Console_Escape_EndsTheSessionAfterWhatWasTypedBefore()
    {
        using var guest = new TwoWays();
        using var keys = new MemoryStream("ls\r\u001dnever"u8.ToArray());

        ConsoleEnd end = await ConsoleSession.RunAsync(guest, keys, Stream.Null, escapes: true, CancellationToken.None);

        Assert.Equal(ConsoleEnd.Escape, end);
        Assert.Equal("ls\r", guest.Written);
    }

    [Fact]
    public async Task Console_GuestHangsUp_EndsTheSessionWithAllThatItSaid()
    {
        using var guest = new TwoWays();
        using var screen = new MemoryStream();
        guest.Say("login: ");
        guest.HangUp();

        ConsoleEnd end = await ConsoleSession.RunAsync(guest, new MemoryStream("a\u001db"u8.ToArray()), screen, escapes: false, CancellationToken.None);

        Assert.Equal(ConsoleEnd.Remote, end);
        Assert.Equal("login: ", Encoding.ASCII.GetString(screen.ToArray()));
    }

    [Theory]
    [InlineData("""{"kind":"Status","message":"VMI is not running"}""", "VMI is not running")]
    [InlineData("plain words\n", "plain words")]
    [InlineData("", "409 Conflict")]
    public void Refusal_OfAnyForm_IsWordsForPeople(string body, string expected) => Assert.Contains(expected, ApiConnection.Refusal(HttpStatusCode.Conflict, Encoding.UTF8.GetBytes(body)));

    [Theory]
    [InlineData("list")]
    [InlineData("console")]
    [InlineData("vnc")]
    [InlineData("port-forward")]
    [InlineData("start")]
    [InlineData("stop")]
    [InlineData("restart")]
    [InlineData("pause")]
    [InlineData("unpause")]
    [InlineData("migrate")]
    [InlineData("soft-reboot")]
    public void Parse_EveryCommand_TakesNamespaceAndDataDirectory(string verb)
    {
        string[] more = verb switch { "list" => [], "port-forward" => ["web", "80"], _ => ["web"] };

        Assert.Empty(GureumCommand.Create().Parse(["vm", verb, .. more, "-n", "a", "--data-dir", "/d"]).Errors);
    }

    [Fact]
    public async Task Invoke_WithoutACloud_SaysSoInOneLine()
    {
        string directory = Directory.CreateTempSubdirectory("gureum-vm-").FullName;
        try
        {
            Assert.Contains(directory, Assert.Throws<CommandFailure>(() => VmOptions.FileOf(directory, null)).Message);
            Assert.Equal(1, await GureumCommand.Create().Parse(["vm", "start", "web", "--data-dir", directory]).InvokeAsync());
        }
        finally
        {
            Directory.Delete(directory);
        }
    }

    /// <summary>The far end of a session, in memory: read what was said, keep what was written.</summary>
    private sealed class TwoWays : Stream
    {
        private readonly System.IO.Pipelines.Pipe said = new();
        private readonly MemoryStream written = new();

        internal string Written => Encoding.ASCII.GetString(written.ToArray());

        internal void Say(string text) => said.Writer.WriteAsync(Encoding.ASCII.GetBytes(text)).AsTask().GetAwaiter().GetResult();

        internal void HangUp() => said.Writer.Complete();

        public override bool CanRead => true;
        public override bool CanWrite => true;
        public override bool CanSeek => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => said.Reader.AsStream(leaveOpen: true).ReadAsync(buffer, cancellationToken);
        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => written.Write(buffer, offset, count);
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            written.Write(buffer.Span);
            return ValueTask.CompletedTask;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
