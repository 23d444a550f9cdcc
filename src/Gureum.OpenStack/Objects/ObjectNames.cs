using System.Security.Cryptography;
using System.Text;
using Gureum.Client;

namespace Gureum.OpenStack.Objects;

/// <summary>Names of objects for what OpenStack's clients name freely: their own name where that is one, else the nearest to it with a suffix.</summary>
public static class ObjectNames
{
    private const int Longest = 50, MostTries = 5;

    /// <summary>A DNS label (RFC 1123) for a name that clients gave.</summary>
    /// <param name="isTaken">Whether an object of that name exists.</param>
    public static string For(string name, Func<string, bool> isTaken, string fallback)
    {
        var label = Label(name);
        if (label.Length > 0 && label == name && !isTaken(label)) return label;
        while (true)
        {
            var candidate = $"{(label.Length > 0 ? label : fallback)}-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}";
            if (!isTaken(candidate)) return candidate;
        }
    }

    /// <summary>Makes an object under such a name: when another took it a moment ago, under another one.</summary>
    /// <exception cref="ApiException">The server refuses it for another reason, or again and again.</exception>
    public static async Task<T> MakeAsync<T>(string name, Func<string, bool> isTaken, string fallback, Func<string, Task<T>> make)
    {
        var tried = new HashSet<string>();
        while (true)
        {
            var chosen = For(name, n => tried.Contains(n) || isTaken(n), fallback);
            try { return await make(chosen); }
            catch (ApiException e) when (e.Reason == "AlreadyExists" && tried.Count < MostTries) { tried.Add(chosen); }
        }
    }

    private static string Label(string name)
    {
        var label = new StringBuilder(name.Length);
        foreach (var c in name.ToLowerInvariant())
        {
            if (label.Length == Longest) break;
            if (char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c)) label.Append(c);
            else if (label.Length > 0 && label[^1] != '-') label.Append('-');
        }
        return label.ToString().Trim('-');
    }
}
