/*
 * The CNI plugin that containerd executes: hands the call to Gureum's agent over its unix socket and prints the answer.
 * Installed twice: as "gureum" and as "loopback", which needs no agent (CNI specification 1.0 and 1.1, cni.dev).
 *
 * To the agent: the CNI_* variables as NUL-ended NAME=VALUE, one empty string, the configuration as it came on stdin,
 * then end of stream. Back: the exit code in decimal, a newline, what to print.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

extern char **environ;

enum { LIMIT = 1 << 20, TRY_AGAIN = 11, BAD_CONFIG = 7, IO_FAILURE = 5 };

static char config[LIMIT + 1];
static char reply[LIMIT + 1];
static char version[32] = "1.0.0";

static int fail(int code, const char *what, const char *detail)
{
    printf("{\"cniVersion\":\"%s\",\"code\":%d,\"msg\":\"%s\",\"details\":\"%s\"}\n", version, code, what, detail);
    return 1;
}

/* Reads to the end of the stream; -1 on error or when the limit is passed. */
static ssize_t drain(int fd, char *into)
{
    size_t have = 0;
    for (;;) {
        ssize_t got = read(fd, into + have, LIMIT - have);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -1;
        if (got == 0) break;
        have += (size_t)got;
        if (have == LIMIT) return -1;
    }
    into[have] = 0;
    return (ssize_t)have;
}

static int put(int fd, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(fd, data, length, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return -1;
        data += sent;
        length -= (size_t)sent;
    }
    return 0;
}

/* Copies the string value of a key of our own configuration, which we wrote without escapes. */
static int value_of(const char *key, char *into, size_t room)
{
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\"", key);
    const char *at = strstr(config, quoted);
    if (!at) return -1;
    at += strlen(quoted);
    while (*at == ' ' || *at == '\t' || *at == '\n' || *at == ':') at++;
    if (*at++ != '"') return -1;
    size_t length = strcspn(at, "\"\\");
    if (at[length] != '"' || length >= room) return -1;
    memcpy(into, at, length);
    into[length] = 0;
    return 0;
}

static int loopback(const char *command)
{
    const char *path = getenv("CNI_NETNS");
    if (strcmp(command, "ADD") != 0 && strcmp(command, "CHECK") != 0) return 0; /* lo goes with its namespace */
    if (!path) return fail(4, "CNI_NETNS is missing", "");
    int space = open(path, O_RDONLY | O_CLOEXEC);
    if (space < 0 || setns(space, CLONE_NEWNET) != 0) return fail(IO_FAILURE, "cannot enter the network namespace", strerror(errno));
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq request = {0};
    strcpy(request.ifr_name, "lo");
    if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) != 0) return fail(IO_FAILURE, "cannot read the flags of lo", strerror(errno));
    if (strcmp(command, "CHECK") == 0) return request.ifr_flags & IFF_UP ? 0 : fail(100, "lo is down", path);
    request.ifr_flags |= IFF_UP;
    if (ioctl(fd, SIOCSIFFLAGS, &request) != 0) return fail(IO_FAILURE, "cannot bring lo up", strerror(errno));
    const char *family = version[0] == '0' ? "\"version\":\"4\"," : "";
    printf("{\"cniVersion\":\"%s\",\"interfaces\":[{\"name\":\"lo\",\"mac\":\"00:00:00:00:00:00\",\"sandbox\":\"%s\"}],"
           "\"ips\":[{%s\"address\":\"127.0.0.1/8\",\"interface\":0}],\"dns\":{}}\n", version, path, family);
    return 0;
}

static int ask_agent(size_t length)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct timeval patience = { .tv_sec = 120 };
    if (value_of("gureumSocket", address.sun_path, sizeof address.sun_path) != 0)
        return fail(BAD_CONFIG, "the CNI configuration has no gureumSocket, or its path is longer than 107 bytes", "");
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return fail(IO_FAILURE, "cannot make a socket", strerror(errno));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        return fail(TRY_AGAIN, "the gureum agent does not answer; is it running?", strerror(errno));
    for (char **variable = environ; *variable; variable++)
        if (strncmp(*variable, "CNI_", 4) == 0 && put(fd, *variable, strlen(*variable) + 1) != 0)
            return fail(TRY_AGAIN, "the gureum agent hung up", strerror(errno));
    if (put(fd, "", 1) != 0 || put(fd, config, length) != 0 || shutdown(fd, SHUT_WR) != 0)
        return fail(TRY_AGAIN, "the gureum agent hung up", strerror(errno));
    if (drain(fd, reply) < 0) return fail(TRY_AGAIN, "the gureum agent broke off its answer", strerror(errno));
    char *text = strchr(reply, '\n');
    if (!text) return fail(TRY_AGAIN, "the gureum agent ended before it answered", "");
    fputs(text + 1, stdout);
    return atoi(reply);
}

int main(int argc, char **argv)
{
    const char *command = getenv("CNI_COMMAND");
    const char *name = argc > 0 ? strrchr(argv[0], '/') : NULL;
    name = name ? name + 1 : argc > 0 ? argv[0] : "";
    if (!command) return fail(4, "CNI_COMMAND is missing; this program is run by a container runtime", "");
    ssize_t length = drain(STDIN_FILENO, config);
    if (length < 0) return fail(6, "cannot read the configuration from stdin, or it is larger than 1 MiB", "");
    value_of("cniVersion", version, sizeof version);
    if (strcmp(command, "VERSION") == 0) {
        printf("{\"cniVersion\":\"%s\",\"supportedVersions\":[\"0.3.0\",\"0.3.1\",\"0.4.0\",\"1.0.0\",\"1.1.0\"]}\n", version);
        return 0;
    }
    int code = strcmp(name, "loopback") == 0 ? loopback(command) : ask_agent((size_t)length);
    return fflush(stdout) == 0 ? code : 1;
}
