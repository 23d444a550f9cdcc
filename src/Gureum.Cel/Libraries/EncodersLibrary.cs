using Gureum.Cel.Costs;
using Gureum.Cel.Values;
using static Gureum.Cel.Checking.CelType;

namespace Gureum.Cel.Libraries;

/// <summary>Base64 (cel-go, ext/README.md, "Encoders").</summary>
internal static class EncodersLibrary
{
    internal static readonly CelLibrary Instance = new LibraryBuilder("encoders")
        .Global("base64.decode", "base64_decode_string", [Checking.CelType.String], Bytes, static a => Decode(((CelString)a[0]).Value), CallCost.PassFirst)
        .Global("base64.encode", "base64_encode_bytes", [Bytes], Checking.CelType.String, static a => new CelString(Convert.ToBase64String(((CelBytes)a[0]).Value)), CallCost.PassFirst)
        .Build();

    // With or without padding.
    private static CelValue Decode(string text)
    {
        string padded = text.TrimEnd('=');
        try
        {
            return new CelBytes(Convert.FromBase64String(padded.PadRight((padded.Length + 3) / 4 * 4, '=')));
        }
        catch (FormatException)
        {
            return CelError.Of("illegal base64 data");
        }
    }
}
