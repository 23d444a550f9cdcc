using System.Text;
using Gureum.ApiServer.State;
using Gureum.ApiServer.Tests.Support;

namespace Gureum.ApiServer.Tests.Hostile;

/// <summary>Many small ConfigMaps, written past the API: what is tried is how they are shown.</summary>
internal static class Crowd
{
    private const int Writers = 64;

    /// <summary>Writes ConfigMaps of numbers from one on, each with its number in its name.</summary>
    internal static Task WriteAsync(TestServer server, string ns, int from, int count, int bytes = 200)
    {
        var data = new string('b', bytes);
        return Parallel.ForAsync(from, from + count, new ParallelOptions { MaxDegreeOfParallelism = Writers }, async (i, _) => await WriteAsync(server, ns, Name(i), data));
    }

    /// <summary>The same, one after the other.</summary>
    internal static async Task WriteInOrderAsync(TestServer server, string ns, int from, int count)
    {
        for (var i = from; i < from + count; i++) await WriteAsync(server, ns, Name(i), "b");
    }

    internal static async Task WriteAsync(TestServer server, string ns, string name, string data) =>
        Assert.True((await server.Host.State.WriteAsync(new Store.Write($"{Keys.All}core/configmaps/{ns}/{name}", Encoding.UTF8.GetBytes($$$"""{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"{{{name}}}","namespace":"{{{ns}}}"},"data":{"a":"{{{data}}}"}}""")))).Succeeded);

    private static string Name(int number) => $"c{number:D6}";
}
