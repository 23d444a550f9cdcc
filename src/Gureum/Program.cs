using System.Runtime.InteropServices;
using Gureum.Running;

using var stop = new CancellationTokenSource();
using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, c => { c.Cancel = true; stop.Cancel(); });
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, c => { c.Cancel = true; stop.Cancel(); });
var options = new ClusterOptions { DataDirectory = Path.GetFullPath(args[1]), NodeName = "n1", AirGapped = true };
if (args[0] == "down")
{
    foreach (var problem in await ClusterTeardown.RunAsync(options, CancellationToken.None)) Console.WriteLine(problem);
    return 0;
}
await ClusterProcess.RunAsync(options, stop.Token);
return 0;
