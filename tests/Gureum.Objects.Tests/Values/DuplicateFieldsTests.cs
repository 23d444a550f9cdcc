using System.Text;
using Gureum.Objects.Json;

namespace Gureum.Objects.Tests.Values;

public sealed class DuplicateFieldsTests
{
    [Theory]
    [InlineData("""{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}""", "")]
    [InlineData("""{"a":1,"b":{"c":1},"a":2}""", "a")]
    [InlineData("""{"b":{"c":{"d":1},"e":1,"c":2}}""", "b.c")]
    [InlineData("""{"b":[{"c":1},{"c":1,"c":2}]}""", "b[1].c")]
    [InlineData("""{"ab":1,"\u0061b":2}""", "ab")]
    [InlineData("""{"a\u0062":1,"c":2}""", "")]
    public void FindAndNone_OfNamesThatStandTwice_Agree(string json, string expected)
    {
        Assert.Equal(expected, string.Join(' ', DuplicateFields.Find(Encoding.UTF8.GetBytes(json))));
        Assert.Equal(expected.Length == 0, DuplicateFields.None(Encoding.UTF8.GetBytes(json)));
    }
}
