using System.Text;
using Gureum.ApiServer.Audit;

namespace Gureum.ApiServer.Tests.Audit;

public sealed class AuditLogTests
{
    [Fact]
    public async Task Write_BeyondTheSize_BeginsANewFileAndKeepsSoManyOld()
    {
        var directory = Directory.CreateTempSubdirectory("gureum-audit-");
        try
        {
            var path = Path.Combine(directory.FullName, "sub", "audit.log");
            await using (var log = new AuditLog(new AuditOptions("", path) { MostMegabytes = 1, MostBackups = 2 }, TimeProvider.System))
                for (var i = 0; i < 5; i++) await log.WriteAsync(Encoding.UTF8.GetBytes(i + new string('x', 700 * 1024) + "\n"));
            var files = Directory.GetFiles(Path.GetDirectoryName(path)!).Order(StringComparer.Ordinal).ToList();
            Assert.Equal(3, files.Count);
            Assert.Equal(["2", "3", "4"], files.Select(f => File.ReadAllText(f)[..1]));
            Assert.Equal(path, files[2]);
            Assert.Matches(@"audit-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}\.log$", files[0]);
            // A start over goes on where the file ends.
            await using (var again = new AuditLog(new AuditOptions("", path), TimeProvider.System)) await again.WriteAsync("5\n"u8.ToArray());
            Assert.EndsWith("x\n5\n", await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken));
        }
        finally { directory.Delete(recursive: true); }
    }
}
