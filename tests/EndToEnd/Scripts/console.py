"""A guest's consoles at the OpenStack door, as a browser and a program have them: the screen's page and what is behind it, the serial line, and what must be refused.

Prints what was otherwise than it should be, one line each, and at last how much was tried. Needs what door.py needs, and SERVER: the id of a server that runs.
"""
import base64, os, secrets, socket, struct, time, urllib.parse
from door import base, call, compute, context, login, make

door = urllib.parse.urlparse(base)
tried = 0


class Refused(Exception):
    pass


class Socket:
    """A WebSocket (RFC 6455), as much of one as this needs."""

    def __init__(self, path, origin=None):
        self.wire = context.wrap_socket(socket.create_connection((door.hostname, door.port), timeout=30), server_hostname=door.hostname)
        lines = [f"GET {path} HTTP/1.1", f"Host: {door.netloc}", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: " + base64.b64encode(secrets.token_bytes(16)).decode(), "Sec-WebSocket-Protocol: binary"]
        self.wire.sendall("\r\n".join(lines + ([f"Origin: {origin}"] if origin else []) + ["", ""]).encode())
        head = b""
        while b"\r\n\r\n" not in head:
            head += self.wire.recv(1) or self.end(head)
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise Refused(head.split(b"\r\n")[0].decode())

    def end(self, seen):
        raise Refused(f"the connection ended after {seen!r}")

    def exactly(self, count):
        data = b""
        while len(data) < count:
            data += self.wire.recv(count - len(data)) or self.end(data)
        return data

    def receive(self):
        kind, length = self.exactly(2)
        if length == 126:
            length = struct.unpack(">H", self.exactly(2))[0]
        elif length == 127:
            length = struct.unpack(">Q", self.exactly(8))[0]
        return kind & 15, self.exactly(length)

    def send(self, data):
        mask = secrets.token_bytes(4)
        self.wire.sendall(bytes((0x82, 0x80 | len(data))) + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))


def check(right, what):
    global tried
    tried += 1
    if not right:
        print(what)


admin = login("admin", os.environ["PASSWORD"], "admin")
server = os.environ["SERVER"]


def console(protocol, kind):
    status, text, _ = call("POST", f"{compute}/servers/{server}/remote-consoles", admin, {"remote_console": {"protocol": protocol, "type": kind}}, headers=(("OpenStack-API-Version", "compute 2.8"),))
    return status, text


def url(protocol, kind):
    import json
    status, text = console(protocol, kind)
    assert status == 200, (status, text)
    return json.loads(text)["remote_console"]["url"]


def refusal(path, origin=None):
    try:
        Socket(path, origin)
        return "a connection"
    except Refused as refused:
        return str(refused)


# The screen: the page, what it loads, and the first words of RFB (RFC 6143, section 7.1.1) behind it.
page = urllib.parse.urlparse(url("vnc", "novnc"))
path = "/" + urllib.parse.parse_qs(page.query)["path"][0]
status, text, headers = call("GET", page.path + "?" + page.query)
check(status == 200 and b"rfb.js" in text and headers["Content-Type"].startswith("text/html") and headers["Referrer-Policy"] == "no-referrer", f"the page: {status} {text[:80]!r}")
status, text, headers = call("GET", "/console/core/rfb.js")
check(status == 200 and headers["Content-Type"].startswith("text/javascript"), f"the page's script: {status} {headers['Content-Type']}")
screen = Socket(path)
check(screen.receive() == (2, b"RFB 003.008\n"), "the screen does not begin as RFB does")
check(Socket(path, origin=base).receive()[1].startswith(b"RFB"), "the door's own page may not open the screen")

# The serial line: the guest's shell answers.
line = Socket(urllib.parse.urlparse(url("serial", "serial")).path + "?" + urllib.parse.urlparse(url("serial", "serial")).query)
said, until = b"", time.monotonic() + 60
while b"=42=" not in said and time.monotonic() < until:
    line.send(b"\necho =$((6*7))=\n")
    line.wire.settimeout(3)
    try:
        while b"=42=" not in said:
            said += line.receive()[1]
    except (TimeoutError, Refused):
        pass
check(b"=42=" in said, f"the serial line answers nothing: {said[-200:]!r}")

# What is refused.
check(" 403 " in refusal("/console/websockify?token=0") + " ", "a token that is none opens something")
check(" 403 " in refusal("/console/websockify") + " ", "no token opens something")
check(" 403 " in refusal(path, origin="https://elsewhere.example") + " ", "a page of somebody else's opens the screen")
for outside in ("/console/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "/console/..%2f..%2fetc/passwd", "/console/core", "/console/nothing.js"):
    check(call("GET", outside)[0] == 404, f"{outside} is answered")
for protocol, kind, wanted in (("vnc", "spice-html5", 400), ("spice", "spice-html5", 400), ("vnc", "xvpvnc", 400), ("none", "novnc", 400)):
    check(console(protocol, kind)[0] == wanted, f"{protocol} {kind}: {console(protocol, kind)[0]}")
make(f"{compute}/servers/{server}/action", admin, {"os-stop": None})
until = time.monotonic() + 60
while console("vnc", "novnc")[0] == 200 and time.monotonic() < until:
    time.sleep(1)
check(console("vnc", "novnc")[0] == 409, f"a server that is off has a screen: {console('vnc', 'novnc')[0]}")
print(f"tried {tried}")
