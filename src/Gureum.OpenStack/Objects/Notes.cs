namespace Gureum.OpenStack.Objects;

/// <summary>Annotations, which hold what an object cannot say by itself.</summary>
internal static class Notes
{
    /// <summary>Sets one; null or nothing takes it away.</summary>
    internal static void Set(this Dictionary<string, string> notes, string key, string? value)
    {
        if (string.IsNullOrEmpty(value)) notes.Remove(key);
        else notes[key] = value;
    }
}
