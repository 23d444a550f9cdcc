using System.Net.WebSockets;

namespace Gureum.OpenStack.Consoles;

/// <summary>What consoles in a browser need of the program around the door (immutable).</summary>
/// <param name="Pages">The directory of noVNC's pages; throws an <see cref="IOException"/> that says why there are none.</param>
/// <param name="Open">Opens a path of the API server as a WebSocket, with a user's own token.</param>
public sealed record ConsoleSupport(Func<CancellationToken, Task<string>> Pages, OpenConsole Open);

/// <exception cref="Gureum.Client.ApiException">The API server refuses it.</exception>
public delegate Task<WebSocket> OpenConsole(string path, string token, CancellationToken cancel);
