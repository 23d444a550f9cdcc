using System.Security.Cryptography;

namespace Gureum.ApiServer.Authentication;

/// <summary>The key that signs service-account tokens, kept beside the authority's (sa.key).</summary>
internal static class SigningKey
{
    internal static ECDsa Open(string directory)
    {
        var path = Path.Combine(directory, "sa.key");
        if (!File.Exists(path))
        {
            Directory.CreateDirectory(directory);
            using var made = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            PrivateFile.Write(path, made.ExportPkcs8PrivateKeyPem() + "\n");
        }
        var key = ECDsa.Create();
        key.ImportFromPem(File.ReadAllText(path));
        return key;
    }
}
