using System.Text;
using Gureum.Objects.Yaml;

namespace Gureum.Objects.Tests.Yaml;

public sealed class YamlWriterTests
{
    [Theory]
    [InlineData("""{"b":1,"a10":1,"a2":1,"a-b":1,"a":1,"B":1}""", "B: 1\na: 1\na-b: 1\na2: 1\na10: 1\nb: 1\n")]
    [InlineData("""{"v01":1,"v1":1,"v100":1,"v101":1,"v010":1}""", "v1: 1\nv01: 1\nv010: 1\nv100: 1\nv101: 1\n")]
    [InlineData("""{"z":[{"b":1,"a":[1,"2"]}],"y":{},"x":[]}""", "x: []\n\"y\": {}\nz:\n- a:\n  - 1\n  - \"2\"\n  b: 1\n")]
    [InlineData("""{"a":"line\nnext\n","b":"true","c":"","d":null}""", "a: |\n  line\n  next\nb: \"true\"\nc: \"\"\nd: null\n")]
    public void FromJson_OfAnyJson_IsSortedBlockStyle(string json, string yaml) => Assert.Equal(yaml, Encoding.UTF8.GetString(YamlWriter.FromJson(Encoding.UTF8.GetBytes(json))));
}
