using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Gureum.ApiServer.Tests.Hostile;

/// <summary>A connection that sends what no client would.</summary>
internal sealed class RawConnection : IAsyncDisposable
{
    private readonly TcpClient tcp;
    private readonly SslStream tls;

    private RawConnection(TcpClient tcp, SslStream tls) => (this.tcp, this.tls) = (tcp, tls);

    internal static async Task<TcpClient> DialAsync(int port)
    {
        var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, port);
        return tcp;
    }

    internal static async Task<RawConnection> OpenAsync(int port)
    {
        var tcp = await DialAsync(port);
        // Who the server is is no matter here: what goes over the wire is.
        var tls = new SslStream(tcp.GetStream(), false, static (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync("localhost");
        return new RawConnection(tcp, tls);
    }

    /// <summary>The same for somebody with a certificate.</summary>
    /// <param name="receiveBuffer">Bytes that the system takes in ahead of the reader; 0 for what is usual.</param>
    internal static async Task<RawConnection> OpenAsync(int port, string certificate, string key, int receiveBuffer = 0)
    {
        var tcp = new TcpClient();
        tcp.NoDelay = true;
        if (receiveBuffer > 0) tcp.ReceiveBufferSize = receiveBuffer;
        await tcp.ConnectAsync(IPAddress.Loopback, port);
        using var ephemeral = X509Certificate2.CreateFromPem(certificate, key);
        var own = X509CertificateLoader.LoadPkcs12(ephemeral.Export(X509ContentType.Pkcs12), null);
        var tls = new SslStream(tcp.GetStream(), false, static (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", ClientCertificateContext = SslStreamCertificateContext.Create(own, null) });
        return new RawConnection(tcp, tls);
    }

    internal async Task SendAsync(string text)
    {
        await tls.WriteAsync(Encoding.ASCII.GetBytes(text));
        await tls.FlushAsync();
    }

    /// <summary>The same, if the server still listens; it may well have hung up before all was sent.</summary>
    internal async Task TrySendAsync(string text)
    {
        try { await SendAsync(text); }
        catch (IOException) { /* the answer says why */ }
    }

    /// <summary>Nothing more comes from here.</summary>
    internal void Finish() => tcp.Client.Shutdown(SocketShutdown.Send);

    /// <summary>The first line of the answer; empty when the server hung up without one.</summary>
    internal async Task<string> StatusAsync()
    {
        var line = new StringBuilder();
        var one = new byte[1];
        try
        {
            while (await tls.ReadAsync(one) > 0 && one[0] != '\n') line.Append((char)one[0]);
        }
        catch (IOException) { /* hung up */ }
        return line.ToString().Trim();
    }

    /// <summary>Reads so many bytes, or up to the end.</summary>
    /// <returns>How many there were.</returns>
    internal async Task<long> CountAsync(long most)
    {
        var (buffer, count) = (new byte[16 * 1024], 0L);
        try
        {
            while (count < most && await tls.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, most - count))) is > 0 and var read) count += read;
        }
        catch (IOException) { /* hung up */ }
        return count;
    }

    public async ValueTask DisposeAsync()
    {
        await tls.DisposeAsync();
        tcp.Dispose();
    }
}
