using Spectre.Console;

namespace Gureum.Commands;

/// <summary>
/// Tells people what is going on, on standard error: a spinner on a terminal, plain lines elsewhere. Results go to
/// standard output and never pass through here. Thread-safe.
/// </summary>
internal sealed class Progress
{
    private readonly IAnsiConsole? terminal;

    internal Progress()
    {
        if (!Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") is not (null or "dumb"))
            terminal = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
    }

    /// <summary>One line that stays.</summary>
    internal void Say(string text)
    {
        if (terminal is null) Console.Error.WriteLine(text);
        else terminal.MarkupLineInterpolated($"{text}");
    }

    /// <summary>Shows that something runs; the work may say what it is at.</summary>
    internal async Task<T> RunAsync<T>(string title, Func<Action<string>, Task<T>> work)
    {
        if (terminal is null)
        {
            Console.Error.WriteLine(title + " …");
            return await work(_ => { });
        }

        return await terminal.Status().StartAsync(Markup.Escape(title), context =>
            work(detail => context.Status($"{Markup.Escape(title)} [grey]{Markup.Escape(Shorten(detail))}[/]")));
    }

    private static string Shorten(string text) => text.Length <= 70 ? text : text[..69] + "…";
}
