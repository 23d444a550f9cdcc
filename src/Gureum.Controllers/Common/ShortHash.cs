using System.Globalization;
using Gureum.Objects.Models;

namespace Gureum.Controllers.Common;

/// <summary>Short names for templates: FNV-1a over the JSON, its digits written with consonants so that no words come out.</summary>
public static class ShortHash
{
    private const string Alphabet = "bcdfghjklmnpqrstvwxz2456789";

    /// <param name="collisions">Raised when another template already took the name.</param>
    public static string Of(IModel model, int? collisions)
    {
        var hash = 2166136261u;
        foreach (var b in ModelJson.Encode(model)) hash = (hash ^ b) * 16777619u;
        if (collisions is { } count)
            for (var shift = 0; shift < 32; shift += 8) hash = (hash ^ (byte)(count >> shift)) * 16777619u;
        return string.Concat(hash.ToString(CultureInfo.InvariantCulture).Select(digit => Alphabet[digit % Alphabet.Length]));
    }
}
