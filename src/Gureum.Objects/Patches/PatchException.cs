namespace Gureum.Objects.Patches;

/// <summary>A patch that cannot be applied; <see cref="Code"/> is the HTTP status: 400 malformed, 422 not applicable.</summary>
public sealed class PatchException(int code, string message) : Exception(message)
{
    public int Code { get; } = code;
}
