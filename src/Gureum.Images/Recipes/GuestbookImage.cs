using Gureum.Images.Archives;

namespace Gureum.Images.Recipes;

/// <content>The guestbook's front: nginx shows the page, a script beside it counts the visits in redis.</content>
public static partial class ExampleImages
{
    /// <summary>The guestbook's front; its program `nginx` serves port 80, its program `counter` port 8081.</summary>
    public const string Guestbook = "gureum.local/guestbook:1";

    /// <summary>The same in another colour, to roll out and back.</summary>
    public const string GuestbookNext = "gureum.local/guestbook:2";

    private static DebianRecipe GuestbookRecipe(string name, string colour)
    {
        DebianRecipe nginx = NginxRecipe();
        string[] replaced = ["etc/nginx/nginx.conf", "usr/share/nginx/html/index.html"];
        string version = name[(name.LastIndexOf(':') + 1)..];
        return nginx with
        {
            Name = name,
            Extra =
            [
                .. nginx.Extra.Where(e => !replaced.Contains(e.Path)),
                LayerEntry.File("etc/nginx/nginx.conf", GuestbookConf),
                LayerEntry.File("usr/share/nginx/html/index.html", GuestbookPage.Replace("COLOUR", colour, StringComparison.Ordinal).Replace("VERSION", version, StringComparison.Ordinal)),
                LayerEntry.File("srv/cgi-bin/visits", System.Text.Encoding.UTF8.GetBytes(CountScript), (UnixFileMode)0b111_101_101),
                // The first process of a container gets no signal that it does not ask for, and httpd asks for none: the shell does.
                LayerEntry.File("usr/bin/counter", "#!/bin/sh\nhttpd -f -v -p 8081 -h /srv &\ntrap 'kill $!' TERM INT QUIT\nwait $!\n"u8.ToArray(), (UnixFileMode)0b111_101_101),
            ],
        };
    }

    private const string GuestbookConf =
        """
        worker_processes 1;
        user nginx;
        pid /run/nginx.pid;
        error_log /dev/stderr notice;
        events { worker_connections 512; }
        http {
            include /etc/nginx/mime.types;
            access_log /dev/stdout;
            server {
                listen 80;
                root /usr/share/nginx/html;
                location / { ssi on; }
                location = /healthz { access_log off; return 200 "ok\n"; }
                location = /visits { internal; proxy_pass http://127.0.0.1:8081/cgi-bin/visits; }
            }
        }

        """;

    private const string GuestbookPage =
        """
        <!doctype html>
        <html lang="en">
        <meta charset="utf-8">
        <title>Guestbook</title>
        <style>body { font-family: sans-serif; margin: 4em; color: COLOUR }</style>
        <h1>Guestbook</h1>
        <p>Visits: <!--#include virtual="/visits" --></p>
        <p>Version VERSION, served by <!--#echo var="hostname" --></p>
        </html>

        """;

    // redis also takes plain lines, and closes the connection after QUIT.
    private const string CountScript =
        """
        #!/bin/sh
        count=$(printf 'INCR visits\r\nQUIT\r\n' | timeout 3 nc "${REDIS_HOST:-redis}" 6379 | head -n 1 | tr -dc 0-9)
        printf 'Content-Type: text/plain\r\n\r\n%s' "${count:-unknown (redis does not answer)}"

        """;
}
