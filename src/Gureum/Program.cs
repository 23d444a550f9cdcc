using System.CommandLine;
using Gureum.Commands;

// A server needs longer than a command to end in order.
return await GureumCommand.Create().Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(12) });
