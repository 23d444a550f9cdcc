"""The OpenStack door at its edges: many at once at a quota, and identifiers, markers, versions, bodies, headers and tokens that are none.

Prints what was answered otherwise than it should be, one line each, and at last how many were tried. Needs what door.py needs.
"""
import concurrent.futures, http.client, json, urllib.parse, uuid
from door import Tenants, base, call, compute, context, identity, image, make, network, read, volume

tried = 0


def expect(wanted, method, path, token, body=None, headers=()):
    """`wanted`: the statuses that are right."""
    global tried
    tried += 1
    try:
        status, text, _ = call(method, path, token, body, headers)
    except Exception as broken:  # a connection that ends without an answer is one of the wrong ones
        status, text = 0, repr(broken).encode()
    if status not in wanted:
        print(f"{method} {path[:120]} {str(body)[:120]} {str(headers)[:80]}: {status}, not one of {wanted}: {text[:200]!r}")


REFUSED = (400, 401, 403, 404, 405, 406, 409, 413, 415, 431)
NONE = (400, 404)


def races(tenants):
    """A hundred ask at once for what ten may have: ten get it, the rest a refusal, and the list has ten."""
    global tried
    token, project = tenants.token["a"], tenants.project["a"]
    assert call("PUT", f"{network}/quotas/{project}", tenants.admin, {"quota": {"network": 10, "port": 10}})[0] == 200
    assert call("PUT", f"{volume}/os-quota-sets/{project}", tenants.admin, {"quota_set": {"volumes": 10}})[0] == 200
    nets = f"{network}/networks"
    with concurrent.futures.ThreadPoolExecutor(20) as many:
        def race(what, path, body, listed, refusal):
            global tried
            answers = [a[0] for a in many.map(lambda i: call("POST", path, token, body(i)), range(100))]
            tried += len(answers)
            made, refused = sum(s in (200, 201, 202) for s in answers), sum(s == refusal for s in answers)
            # The network's own port counts as one.
            if made not in ((9, 10) if what == "ports" else (10,)) or made + refused != 100 or len(listed()) != 10:
                print(f"{what}: {made} made and {refused} refused of 100 at a quota of 10, {len(listed())} there; answers {sorted(set(answers))}")

        race("networks", nets, lambda i: {"network": {"name": "same"}}, lambda: read(f"{nets}?project_id={project}", token)["networks"], 409)
        on = read(f"{nets}?project_id={project}", token)["networks"][0]["id"]
        make(f"{network}/subnets", token, {"subnet": {"network_id": on, "cidr": "10.69.0.0/24", "ip_version": 4}})
        ports = lambda: read(f"{network}/ports?project_id={project}", token)["ports"]
        race("ports", f"{network}/ports", lambda i: {"port": {"network_id": on}}, ports, 409)
        addresses = [f["ip_address"] for p in ports() for f in p["fixed_ips"]]
        if len(set(addresses)) != len(addresses):
            print(f"ports share addresses: {sorted(addresses)}")
        race("volumes", f"{volume}/volumes", lambda i: {"volume": {"size": 1, "name": "same"}}, lambda: read(f"{volume}/volumes", token)["volumes"], 413)
    for v in read(f"{volume}/volumes", token)["volumes"]:
        call("DELETE", f"{volume}/volumes/{v['id']}", token)


KINDS = [(f"{network}/{k}", n) for k, n in (("networks", "network"), ("subnets", "subnet"), ("ports", "port"), ("routers", "router"), ("security-groups", "security_group"), ("floatingips", "floatingip"), ("subnetpools", "subnetpool"))] + \
    [(f"{compute}/servers", "server"), (f"{compute}/os-server-groups", "server_group"), (f"{volume}/volumes", "volume"), (f"{volume}/snapshots", "snapshot"), (f"{image}/images", "image"), (f"{identity}/projects", "project"), (f"{identity}/users", "user")]


def identifiers(admin):
    for path, _ in KINDS:
        for id in (str(uuid.uuid4()), "0", "x" * 3000, "%00", "%2e%2e%2fetc", "구름", "' or 1=1 --", "*"):
            expect(NONE, "GET", f"{path}/{urllib.parse.quote(id, safe='%')}", admin)


def pages(admin):
    for path in (f"{network}/ports", f"{compute}/servers", f"{volume}/volumes", f"{image}/images"):
        for limit in ("-1", "abc", "1e3", "99999999999999999999"):
            expect((400,), "GET", f"{path}?limit={limit}", admin)
        expect((400, 404), "GET", f"{path}?marker={uuid.uuid4()}", admin)
        expect((200, 400), "GET", f"{path}?sort_key=nothing&sort_dir=sideways", admin)


def versions(admin):
    for header, path, good, bad in (("compute", f"{compute}/flavors", ("2.1", "2.93", "latest"), ("2.999", "1.0", "3.0")), ("volume", f"{volume}/types", ("3.0", "3.70", "latest"), ("3.999", "2.0", "4.1"))):
        for version in good:
            expect((200,), "GET", path, admin, headers=(("OpenStack-API-Version", f"{header} {version}"),))
        for version in bad:
            expect((406,), "GET", path, admin, headers=(("OpenStack-API-Version", f"{header} {version}"),))
        for version in ("abc", "2", "2.x", "-1.1", "2.1.1", "99999999999.1"):
            expect((400, 406), "GET", path, admin, headers=(("OpenStack-API-Version", f"{header} {version}"),))


def bodies(admin):
    for path, name in KINDS:
        for body in (b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b'{"%s": []}' % name.encode(), b'{"%s": 1}' % name.encode(), b'{"%s": {"name": {"a": 1}}}' % name.encode(), b"[" * 2000):
            expect((400, 404, 405, 413), "POST", path, admin, body)
    expect((413, 400), "POST", f"{network}/networks", admin, b'{"network": {"name": "' + b"x" * (8 << 20) + b'"}}')
    for number in (-1, 0, 1.5, "1e9", 1 << 70, True, [1]):
        expect((400, 413), "POST", f"{volume}/volumes", admin, {"volume": {"size": number}})
    for cidr in ("", "10.0.0.0", "10.0.0.0/33", "300.0.0.0/8", "fe80::/64", "10.0.0.0/-1", 7):
        expect((400, 404, 409), "POST", f"{network}/subnets", admin, {"subnet": {"network_id": str(uuid.uuid4()), "cidr": cidr, "ip_version": 4}})


def headers_and_tokens(admin):
    for length in (70_000, 1 << 20):
        global tried
        tried += 1
        door = urllib.parse.urlparse(base)
        connection = http.client.HTTPSConnection(door.hostname, door.port, context=context, timeout=30)
        try:
            connection.request("GET", f"{network}/networks", headers={"X-Auth-Token": admin, "X-Long": "x" * length})
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException):
            status = 431  # refused while it was still being sent
        finally:
            connection.close()
        if status not in (400, 413, 431):
            print(f"a header of {length} bytes: {status}")
    for token in ("", "x", "a.b.c", admin[:-1], admin + "x", admin.swapcase(), "gAAAAA" + "x" * 200, "x" * 9000):
        expect((401,), "GET", f"{network}/networks", token or None)
    for at in range(0, len(admin), max(1, len(admin) // 24)):
        other = "A" if admin[at] != "A" else "B"
        expect((401,), "GET", f"{compute}/servers", admin[:at] + other + admin[at + 1:])


with Tenants("a") as one:
    races(one)
    identifiers(one.admin)
    pages(one.admin)
    versions(one.admin)
    bodies(one.admin)
    headers_and_tokens(one.admin)
print(f"tried {tried}")
