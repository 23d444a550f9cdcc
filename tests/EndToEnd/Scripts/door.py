"""The OpenStack door for the scripts beside this one: requests, log-ins and projects to try it with. Standard library only.

Environment: AUTH_URL, CA, and PASSWORD of the administrator.
"""
import json, os, ssl, urllib.error, urllib.request, uuid

context = ssl.create_default_context(cafile=os.environ["CA"])
base = os.environ["AUTH_URL"].rsplit("/identity", 1)[0]
network, compute, volume, image, identity = "/network/v2.0", "/compute/v2.1", "/volume/v3", "/image/v2", "/identity/v3"


def call(method, path, token=None, body=None, headers=()):
    """Status, text and headers of the answer; a body of bytes goes as it is, any other as JSON."""
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(base + path, method=method, data=data)
    request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("X-Auth-Token", token)
    for name, value in headers:
        request.add_header(name, value)
    try:
        with urllib.request.urlopen(request, context=context, timeout=60) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read(), refusal.headers


def login(user, password, project):
    domain = {"id": "default"}
    status, text, headers = call("POST", f"{identity}/auth/tokens", body={"auth": {
        "identity": {"methods": ["password"], "password": {"user": {"name": user, "domain": domain, "password": password}}},
        "scope": {"project": {"name": project, "domain": domain}}}})
    assert status == 201, (status, text)
    return headers["X-Subject-Token"]


def make(path, token, body):
    status, text, _ = call("POST", path, token, body)
    assert status in (200, 201, 202), (path, status, text)
    return json.loads(text) if text else {}


def read(path, token):
    status, text, _ = call("GET", path, token)
    assert status == 200, (path, status, text)
    return json.loads(text)


class Tenants:
    """Projects with a member each, who are gone at the end: `with Tenants("a", "b") as t`, then t.token["a"], t.project["a"], t.user["a"]."""

    def __init__(self, *names):
        self.names, self.project, self.user, self.token = names, {}, {}, {}

    def __enter__(self):
        self.admin = login("admin", os.environ["PASSWORD"], "admin")
        self.role = next(r["id"] for r in read(f"{identity}/roles", self.admin)["roles"] if r["name"] == "member")
        for name in self.names:
            word = uuid.uuid4().hex
            self.project[name] = make(f"{identity}/projects", self.admin, {"project": {"name": f"walk-{name}"}})["project"]["id"]
            self.user[name] = make(f"{identity}/users", self.admin, {"user": {"name": f"walk-{name}", "password": word}})["user"]["id"]
            assert call("PUT", f"{identity}/projects/{self.project[name]}/users/{self.user[name]}/roles/{self.role}", self.admin)[0] == 204
            self.token[name] = login(f"walk-{name}", word, f"walk-{name}")
        return self

    def __exit__(self, *_):
        for name in self.names:
            call("DELETE", f"{identity}/users/{self.user[name]}", self.admin)
            call("DELETE", f"{identity}/projects/{self.project[name]}", self.admin)
