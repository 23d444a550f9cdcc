using Gureum.Images.Archives;

namespace Gureum.Images.Recipes;

/// <summary>Small images for examples and tests, made from Debian packages where no image registry can be reached.</summary>
public static partial class ExampleImages
{
    /// <summary>A shell with the usual commands.</summary>
    public const string Busybox = "gureum.local/busybox:1";

    /// <summary>The nginx web server, on port 80, with a shell.</summary>
    public const string Nginx = "gureum.local/nginx:1";

    /// <summary>The redis server, on port 6379, with its client and a shell.</summary>
    public const string Redis = "gureum.local/redis:1";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> Names { get; } = [Busybox, Nginx, Redis, Guestbook, GuestbookNext];

    private static string Triplet => ImageDescription.LocalArchitecture == "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu";

    private static string Loader => ImageDescription.LocalArchitecture == "arm64" ? "ld-linux-aarch64.so.1" : "ld-linux-x86-64.so.2";

    /// <summary>The archive of one of the images above; built on first use, which takes seconds.</summary>
    /// <param name="name">The image's name.</param>
    /// <param name="cacheDirectory">Where archives are kept.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="ImageException">The name is unknown, or apt or dpkg failed.</exception>
    public static Task<string> EnsureAsync(string name, string cacheDirectory, CancellationToken cancel) => DebianImageBuilder.EnsureAsync(
        name switch
        {
            Busybox => BusyboxRecipe(),
            Nginx => NginxRecipe(),
            Redis => RedisRecipe(),
            Guestbook => GuestbookRecipe(Guestbook, "#2b6cb0"),
            GuestbookNext => GuestbookRecipe(GuestbookNext, "#2f855a"),
            _ => throw new ImageException($"there is no recipe for {name}: known are {string.Join(", ", Names)}"),
        },
        cacheDirectory, cancel);

    private static DebianRecipe BusyboxRecipe() => new(
        Busybox, ["busybox-static"], [],
        [.. Base()],
        new ImageDescription { Command = ["sh"], Environment = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"] });

    private static DebianRecipe NginxRecipe() => new(
        Nginx,
        ["busybox-static", "nginx", "nginx-common", "libc6", "libcrypt1", "libpcre2-8-0", "libssl3t64|libssl3", "zlib1g"],
        ["usr/sbin/nginx", "etc/nginx/mime.types", .. Libraries("libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "libcrypt.so.1*", "libpcre2-8.so.0*", "libssl.so.3*", "libcrypto.so.3*", "libz.so.1*")],
        [
            .. Base(), .. LoaderLinks(),
            LayerEntry.File("etc/nginx/nginx.conf", NginxConf),
            LayerEntry.File("usr/share/nginx/html/index.html", "<!doctype html><title>Welcome to nginx!</title><h1>Welcome to nginx!</h1>\n"),
            LayerEntry.Link("var/log/nginx/access.log", "/dev/stdout"),
            LayerEntry.Link("var/log/nginx/error.log", "/dev/stderr"),
            LayerEntry.Directory("var/lib/nginx"),
            LayerEntry.Directory("run"),
        ],
        new ImageDescription
        {
            Command = ["nginx", "-g", "daemon off;"],
            Environment = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            ExposedPorts = ["80/tcp"],
            StopSignal = "SIGQUIT",
        });

    private static DebianRecipe RedisRecipe() => new(
        Redis,
        [
            "busybox-static", "redis-tools", "libc6", "libatomic1", "libhiredis1.1.0|libhiredis0.14", "libjemalloc2", "liblua5.1-0", "liblzf1",
            "libssl3t64|libssl3", "libstdc++6", "libgcc-s1", "libsystemd0", "libcap2", "libgcrypt20", "libgpg-error0", "liblz4-1", "liblzma5", "libzstd1",
            "lua-bitop", "lua-cjson",
        ],
        [
            "usr/bin/redis-check-rdb", "usr/bin/redis-cli",
            .. Libraries(
                "libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libatomic.so.1*", "libhiredis.so.*", "libjemalloc.so.2",
                "liblua5.1.so.0*", "liblzf.so.1*", "libssl.so.3*", "libcrypto.so.3*", "libstdc++.so.6*", "libgcc_s.so.1", "libsystemd.so.0*", "libcap.so.2*",
                "libgcrypt.so.20*", "libgpg-error.so.0*", "liblz4.so.1*", "liblzma.so.5*", "libzstd.so.1*", "liblua5.1-bitop.so.0*", "liblua5.1-cjson.so.0*"),
        ],
        [
            .. Base(), .. LoaderLinks(),
            LayerEntry.Link("usr/bin/redis-server", "redis-check-rdb"),
            LayerEntry.Directory("data", (UnixFileMode)0b111_111_111),
        ],
        new ImageDescription
        {
            Command = ["redis-server", "--bind", "0.0.0.0", "--protected-mode", "no", "--dir", "/data"],
            Environment = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            WorkingDirectory = "/data",
            ExposedPorts = ["6379/tcp"],
        });

    private static IEnumerable<LayerEntry> Base() =>
    [
        LayerEntry.File("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnginx:x:101:101:nginx:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"),
        LayerEntry.File("etc/group", "root:x:0:\ntty:x:5:\nnginx:x:101:\nnogroup:x:65534:\n"),
        LayerEntry.Directory("root", (UnixFileMode)0b111_000_000),
        LayerEntry.Directory("tmp", (UnixFileMode)0b1_111_111_111),
        LayerEntry.Directory("var/run"),
    ];

    /// <summary>Debian has libraries below /lib or /usr/lib, by release; the image has them in the latter.</summary>
    private static IEnumerable<string> Libraries(params string[] names) => names.Select(n => $"usr/lib/{Triplet}/{n}").Append($"usr/lib/{Triplet}/{Loader}");

    private static IEnumerable<LayerEntry> LoaderLinks() => ImageDescription.LocalArchitecture == "arm64"
        ? [LayerEntry.Link("lib", "usr/lib"), LayerEntry.Link($"usr/lib/{Loader}", $"{Triplet}/{Loader}")]
        : [LayerEntry.Link("lib", "usr/lib"), LayerEntry.Link($"lib64/{Loader}", $"/usr/lib/{Triplet}/{Loader}")];

    private const string NginxConf =
        """
        worker_processes 1;
        user nginx;
        pid /run/nginx.pid;
        error_log /dev/stderr notice;
        events { worker_connections 512; }
        http {
            include /etc/nginx/mime.types;
            default_type application/octet-stream;
            access_log /dev/stdout;
            server {
                listen 80;
                root /usr/share/nginx/html;
            }
        }

        """;
}
