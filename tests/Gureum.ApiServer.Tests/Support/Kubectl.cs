using System.Diagnostics;
using System.Text;

namespace Gureum.ApiServer.Tests.Support;

/// <summary>The real kubectl against the server under test.</summary>
public sealed class Kubectl
{
    private readonly string config, home;

    internal Kubectl(ApiServerHost host, string directory)
    {
        var (certificate, key) = host.Authority.IssueClient("kubernetes-admin", "system:masters");
        home = directory;
        config = Path.Combine(directory, "kubeconfig");
        File.WriteAllText(config, $$$"""
            apiVersion: v1
            kind: Config
            clusters: [{name: test, cluster: {server: "https://127.0.0.1:{{{host.Port}}}", certificate-authority-data: {{{Base64(host.Authority.CertificatePem)}}}}}]
            users: [{name: admin, user: {client-certificate-data: {{{Base64(certificate)}}}, client-key-data: {{{Base64(key)}}}}}]
            contexts: [{name: test, context: {cluster: test, user: admin}}]
            current-context: test
            """);
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    /// <summary>What kubectl printed, once it is clear that it succeeded.</summary>
    public async Task<string> OkAsync(string arguments, string? input = null)
    {
        var (code, output) = await RunAsync(arguments, input);
        Assert.True(code == 0, $"kubectl {arguments} ended with {code}: {output}");
        return output;
    }

    /// <summary>Gives the exit code and everything printed. Arguments are split at spaces; 'quoted ones' stay whole.</summary>
    public async Task<(int Code, string Output)> RunAsync(string arguments, string? input = null)
    {
        var start = new ProcessStartInfo("kubectl") { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (var argument in Split(arguments)) start.ArgumentList.Add(argument);
        start.Environment["KUBECONFIG"] = config;
        start.Environment["HOME"] = home;
        Process process;
        try { process = Process.Start(start)!; }
        catch (System.ComponentModel.Win32Exception) { throw new InvalidOperationException("these tests need kubectl on the PATH: install the package kubernetes-client, or kubectl from its own site"); }
        using (process)
        {
            if (input is not null) await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
            var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            await process.WaitForExitAsync();
            return (process.ExitCode, await output + await errors);
        }
    }

    private static IEnumerable<string> Split(string arguments)
    {
        var (word, quoted, begun) = (new StringBuilder(), false, false);
        foreach (var c in arguments)
        {
            if (c == '\'') { quoted = !quoted; begun = true; }
            else if (c == ' ' && !quoted)
            {
                if (begun) yield return word.ToString();
                word.Clear();
                begun = false;
            }
            else { word.Append(c); begun = true; }
        }
        if (begun) yield return word.ToString();
    }
}
