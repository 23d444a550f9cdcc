namespace Gureum.Store.Tree;

/// <summary>Copies of an array with one element more or less.</summary>
internal static class Slices
{
    public static TItem[] Insert<TItem>(TItem[] items, int at, TItem item)
    {
        var copy = new TItem[items.Length + 1];
        Array.Copy(items, copy, at);
        copy[at] = item;
        Array.Copy(items, at, copy, at + 1, items.Length - at);
        return copy;
    }

    public static TItem[] Remove<TItem>(TItem[] items, int at)
    {
        var copy = new TItem[items.Length - 1];
        Array.Copy(items, copy, at);
        Array.Copy(items, at + 1, copy, at, copy.Length - at);
        return copy;
    }
}
