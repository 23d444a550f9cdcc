using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Gureum.Client;
using Gureum.Node.Pods;
using Gureum.Node.Runtime;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Json;

namespace Gureum.Node.Pulling;

/// <summary>
/// Sees to it that images are on the node: one pull for each image at a time, with the pull secrets of the pod, and
/// back-off after failures. Thread-safe.
/// </summary>
internal sealed class ImagePuller(IImageStore images, ApiClient client, EventRecorder events, TimeProvider time)
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(10), Most = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<string, SemaphoreSlim> busy = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, (DateTimeOffset Until, TimeSpan Delay, string Message)> failed = new(StringComparer.Ordinal);

    /// <summary>The image's id, once it is here.</summary>
    /// <exception cref="PodNotReadyException">ErrImagePull, ImagePullBackOff, ErrImageNeverPull or InvalidImageName.</exception>
    internal Task<string> EnsureAsync(Pod pod, Container container, CancellationToken cancel) =>
        EnsureAsync(pod, container.Image ?? "", container.ImagePullPolicy ?? "IfNotPresent", $"spec.containers{{{container.Name}}}", cancel);

    /// <inheritdoc cref="EnsureAsync(Pod, Container, CancellationToken)"/>
    /// <param name="field">The pod's field that asks for it, for events.</param>
    internal async Task<string> EnsureAsync(Pod pod, string image, string policy, string field, CancellationToken cancel)
    {
        var reference = ImageReference.Normalize(image);
        if (policy != "Always" && await images.FindAsync(reference, cancel) is { } present) return present.Id;
        if (policy == "Never") throw new PodNotReadyException("ErrImageNeverPull", $"Container image \"{image}\" is not present with pull policy of Never");
        var gate = busy.GetOrAdd(reference, static _ => new SemaphoreSlim(1));
        await gate.WaitAsync(cancel);
        try
        {
            if (policy != "Always" && await images.FindAsync(reference, cancel) is { } arrived) return arrived.Id;
            var key = pod.Metadata.Uid + " " + reference;
            if (failed.TryGetValue(key, out var last) && last.Until > time.GetUtcNow()) throw new PodNotReadyException("ImagePullBackOff", $"Back-off pulling image \"{image}\": {last.Message}");
            return await PullAsync(pod, image, field, reference, key, cancel);
        }
        finally { gate.Release(); }
    }

    private async Task<string> PullAsync(Pod pod, string image, string field, string reference, string key, CancellationToken cancel)
    {
        events.Normal(pod, "Pulling", $"Pulling image \"{image}\"", field);
        var start = time.GetTimestamp();
        ContainerRuntimeException? refusal = null;
        foreach (var credentials in await CredentialsAsync(pod, reference, cancel))
        {
            try
            {
                var id = await images.PullAsync(reference, credentials, cancel);
                failed.TryRemove(key, out _);
                events.Normal(pod, "Pulled", $"Successfully pulled image \"{image}\" in {time.GetElapsedTime(start).TotalSeconds:0.###}s", field);
                return id;
            }
            catch (ContainerRuntimeException e) { refusal = e; }
        }
        // An image that is here already serves when its registry does not answer.
        if (await images.FindAsync(reference, cancel) is { } present) return present.Id;
        var delay = failed.TryGetValue(key, out var last) ? (last.Delay * 2 < Most ? last.Delay * 2 : Most) : First;
        failed[key] = (time.GetUtcNow() + delay, delay, refusal!.Message);
        events.Warning(pod, "Failed", $"Failed to pull image \"{image}\": {refusal.Message}", field);
        throw new PodNotReadyException("ErrImagePull", refusal.Message);
    }

    // The credentials that fit the registry, one after the other, and none at all in the end.
    private async Task<IReadOnlyList<RegistryCredentials?>> CredentialsAsync(Pod pod, string reference, CancellationToken cancel)
    {
        var found = new List<RegistryCredentials?>();
        foreach (var secret in pod.Spec.ImagePullSecrets)
        {
            var stored = await client.FindAsync<Secret>(pod.Metadata.Namespace, secret.Name ?? "", cancel);
            if (stored is null) { events.Warning(pod, "FailedToRetrieveImagePullSecret", $"Unable to retrieve some image pull secrets ({secret.Name}); attempting to pull the image may not succeed."); continue; }
            if (stored.Data.TryGetValue(".dockerconfigjson", out var json)) found.AddRange(DockerConfig.Find(json, reference));
        }
        found.Add(null);
        return found;
    }

    internal void Forget(string uid)
    {
        foreach (var key in failed.Keys.Where(k => k.StartsWith(uid, StringComparison.Ordinal))) failed.TryRemove(key, out _);
    }
}

/// <summary>Image names in full: registry/path:tag.</summary>
internal static class ImageReference
{
    internal static string Normalize(string image)
    {
        if (image.Length == 0 || image.Any(c => char.IsWhiteSpace(c) || char.IsAsciiLetterUpper(c) && !image.Contains(':') && !image.Contains('@')))
            throw new PodNotReadyException("InvalidImageName", $"Failed to apply default image tag \"{image}\": couldn't parse image name: it must be lower case, without spaces");
        var slash = image.IndexOf('/');
        var first = slash < 0 ? "" : image[..slash];
        var full = first.Contains('.') || first.Contains(':') || first == "localhost" ? image : "docker.io/" + (slash < 0 ? "library/" : "") + image;
        var name = full[(full.LastIndexOf('/') + 1)..];
        return name.Contains(':') || name.Contains('@') ? full : full + ":latest";
    }

    internal static string Registry(string reference) => reference[..reference.IndexOf('/')];
}

/// <summary>Credentials in the form of ~/.docker/config.json.</summary>
internal static class DockerConfig
{
    internal static IEnumerable<RegistryCredentials> Find(byte[] json, string reference)
    {
        JsonObject? auths;
        try { auths = (ObjectDecoder.DecodeAny(json) as JsonObject)?.Child("auths"); }
        catch (DecodeException) { yield break; }
        foreach (var (server, entry) in auths ?? [])
        {
            if (entry is not JsonObject auth || !Fits(server, reference)) continue;
            var (user, password) = (auth.Text("username") ?? "", auth.Text("password") ?? "");
            if (auth.Text("auth") is { Length: > 0 } both && System.Buffers.Text.Base64.IsValid(both))
            {
                var parts = Encoding.UTF8.GetString(Convert.FromBase64String(both)).Split(':', 2);
                if (parts.Length == 2) (user, password) = (parts[0], parts[1]);
            }
            yield return new RegistryCredentials(ImageReference.Registry(reference), user, password, auth.Text("identitytoken") ?? "", auth.Text("registrytoken") ?? "");
        }
    }

    private static bool Fits(string server, string reference)
    {
        var bare = server.Replace("https://", "", StringComparison.Ordinal).Replace("http://", "", StringComparison.Ordinal).TrimEnd('/');
        if (bare is "index.docker.io/v1" or "index.docker.io") bare = "docker.io";
        return reference == bare || reference.StartsWith(bare + "/", StringComparison.Ordinal);
    }
}
