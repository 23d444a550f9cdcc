using System.Text;
using Gureum.Objects.Json;
using Gureum.Objects.Yaml;

namespace Gureum.Objects.Tests.Yaml;

public sealed class YamlAliasTests
{
    [Fact]
    public void Aliases_OfAliases_AreExpandedWhole() =>
        Assert.Equal("""{"a":[1,2],"b":[[1,2],3],"c":{"d":[[1,2],3],"e":[1,2]},"f":4}""",
            Encoding.UTF8.GetString(YamlReader.ToJson("a: &a [1, 2]\nb: &b [*a, 3]\nc: {d: *b, e: *a}\nf: 4\n"u8)));

    [Fact]
    public void Aliases_ThatMultiply_AreRefused()
    {
        var bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + string.Concat(Enumerable.Range(1, 9).Select(i => $"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 9))}]\n"));
        Assert.Contains("counting those that aliases repeat", Assert.Throws<DecodeException>(() => YamlReader.ToJson(Encoding.UTF8.GetBytes(bomb))).Message);
    }
}
