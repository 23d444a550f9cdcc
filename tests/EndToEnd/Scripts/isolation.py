"""Two tenants at the OpenStack door: the one tries every route there is for one thing with what the other owns.

Prints what was answered otherwise than with a refusal, one line each, and at last how many were tried. Needs what door.py needs.
"""
import json
from door import Tenants, call, make, compute as c, network as n, volume as v


def walk_all(tenants):
    owner, stranger, project, user = tenants.token["owner"], tenants.token["stranger"], tenants.project["owner"], tenants.user["owner"]

    # What the owner has, one of each kind.
    network = make(f"{n}/networks", owner, {"network": {"name": "n"}})["network"]["id"]
    subnet = make(f"{n}/subnets", owner, {"subnet": {"network_id": network, "cidr": "10.66.0.0/24", "ip_version": 4}})["subnet"]["id"]
    port = make(f"{n}/ports", owner, {"port": {"network_id": network}})["port"]["id"]
    router = make(f"{n}/routers", owner, {"router": {"name": "r"}})["router"]["id"]
    group = make(f"{n}/security-groups", owner, {"security_group": {"name": "g"}})["security_group"]["id"]
    rule = make(f"{n}/security-group-rules", owner, {"security_group_rule": {"security_group_id": group, "direction": "ingress", "protocol": "tcp", "port_range_min": 22, "port_range_max": 22}})["security_group_rule"]["id"]
    public = json.loads(call("GET", f"{n}/networks?router:external=True", owner)[1])["networks"][0]["id"]
    floating = make(f"{n}/floatingips", owner, {"floatingip": {"floating_network_id": public}})["floatingip"]["id"]
    pool = make(f"{n}/subnetpools", owner, {"subnetpool": {"name": "p", "prefixes": ["10.67.0.0/16"]}})["subnetpool"]["id"]
    volume = make(f"{v}/volumes", owner, {"volume": {"size": 1, "name": "v"}})["volume"]["id"]
    transfer = make(f"{v}/os-volume-transfer", owner, {"transfer": {"volume_id": make(f"{v}/volumes", owner, {"volume": {"size": 1}})["volume"]["id"]}})["transfer"]["id"]
    image = make("/image/v2/images", owner, {"name": "i", "visibility": "private", "disk_format": "raw", "container_format": "bare"})["id"]
    servers = make(f"{c}/os-server-groups", owner, {"server_group": {"name": "sg", "policies": ["affinity"]}})["server_group"]["id"]
    seen = json.loads(call("GET", "/image/v2/images?visibility=public&status=active&limit=1", owner)[1])["images"]
    server = make(f"{c}/servers", owner, {"server": {"name": "s", "imageRef": seen[0]["id"], "flavorRef": "42", "networks": [{"uuid": network}]}})["server"]["id"]
    make(f"{c}/os-keypairs", owner, {"keypair": {"name": "walk-key"}})

    walk = []

    def one(path, body=None, *more, methods=("GET", "PUT", "DELETE")):
        for method in methods:
            walk.append((method, path, body if method in ("PUT", "PATCH", "POST") else None))
        walk.extend(more)

    for kind, name, id in (("networks", "network", network), ("subnets", "subnet", subnet), ("ports", "port", port), ("routers", "router", router), ("security-groups", "security_group", group), ("floatingips", "floatingip", floating), ("subnetpools", "subnetpool", pool)):
        one(f"{n}/{kind}/{id}", {name: {"description": "mine now"}}, ("PUT", f"{n}/{kind}/{id}/tags", {"tags": ["t"]}), ("GET", f"{n}/{kind}/{id}/tags", None), ("PUT", f"{n}/{kind}/{id}/tags/t", None))
    one(f"{n}/security-group-rules/{rule}", methods=("GET", "DELETE"))
    walk += [("PUT", f"{n}/routers/{router}/add_router_interface", {"subnet_id": subnet}), ("PUT", f"{n}/routers/{router}/remove_router_interface", {"subnet_id": subnet}), ("PUT", f"{n}/routers/{router}/add_extraroutes", {"router": {"routes": []}}),
             ("POST", f"{n}/ports", {"port": {"network_id": network}}), ("POST", f"{n}/subnets", {"subnet": {"network_id": network, "cidr": "10.68.0.0/24", "ip_version": 4}}), ("POST", f"{n}/security-group-rules", {"security_group_rule": {"security_group_id": group, "direction": "ingress"}}),
             ("POST", f"{n}/floatingips", {"floatingip": {"floating_network_id": public, "port_id": port}}), ("GET", f"{n}/network-ip-availabilities/{network}", None), ("GET", f"{n}/quotas/{project}", None), ("PUT", f"{n}/quotas/{project}", {"quota": {"network": 0}}),
             ("GET", f"{n}/networks/{network}/dhcp-agents", None)]
    one(f"{c}/servers/{server}", {"server": {"name": "mine"}})
    for part in ("metadata", "ips", "os-interface", "os-volume_attachments", "os-security-groups", "os-instance-actions", f"os-interface/{port}", "metadata/a"):
        walk.append(("GET", f"{c}/servers/{server}/{part}", None))
    for action in ({"os-stop": None}, {"os-start": None}, {"reboot": {"type": "HARD"}}, {"pause": None}, {"lock": None}, {"resize": {"flavorRef": "1"}}, {"rebuild": {"imageRef": seen[0]["id"]}}, {"shelve": None}, {"os-getConsoleOutput": {}}, {"addSecurityGroup": {"name": "default"}}, {"createImage": {"name": "mine"}}, {"forceDelete": None}):
        walk.append(("POST", f"{c}/servers/{server}/action", action))
    walk += [("POST", f"{c}/servers/{server}/metadata", {"metadata": {"a": "b"}}), ("POST", f"{c}/servers/{server}/os-interface", {"interfaceAttachment": {}}), ("POST", f"{c}/servers/{server}/os-volume_attachments", {"volumeAttachment": {"volumeId": volume}}),
             ("GET", f"{c}/os-server-groups/{servers}", None), ("DELETE", f"{c}/os-server-groups/{servers}", None), ("GET", f"{c}/os-keypairs/walk-key", None), ("DELETE", f"{c}/os-keypairs/walk-key", None), ("GET", f"{c}/os-quota-sets/{project}", None), ("GET", f"{c}/os-simple-tenant-usage/{project}", None),
             ("POST", f"{c}/servers", {"server": {"name": "x", "imageRef": seen[0]["id"], "flavorRef": "42", "networks": [{"uuid": network}]}}), ("POST", f"{c}/servers", {"server": {"name": "x", "imageRef": seen[0]["id"], "flavorRef": "42", "networks": [{"port": port}]}}),
             ("POST", f"{c}/servers", {"server": {"name": "x", "imageRef": image, "flavorRef": "42"}})]
    one(f"{v}/volumes/{volume}", {"volume": {"name": "mine"}}, ("GET", f"{v}/volumes/{volume}/metadata", None), ("POST", f"{v}/volumes/{volume}/metadata", {"metadata": {"a": "b"}}))
    for action in ({"os-extend": {"new_size": 2}}, {"os-reserve": {}}, {"os-set_bootable": {"bootable": True}}, {"os-attach": {"instance_uuid": server, "mountpoint": "/dev/vdb"}}, {"os-volume_upload_image": {"image_name": "mine", "force": True}}):
        walk.append(("POST", f"{v}/volumes/{volume}/action", action))
    walk += [("POST", f"{v}/snapshots", {"snapshot": {"volume_id": volume, "force": True}}), ("POST", f"{v}/volumes", {"volume": {"size": 1, "source_volid": volume}}), ("POST", f"{v}/os-volume-transfer", {"transfer": {"volume_id": volume}}), ("GET", f"{v}/os-volume-transfer/{transfer}", None),
             ("DELETE", f"{v}/os-volume-transfer/{transfer}", None), ("POST", f"{v}/os-volume-transfer/{transfer}/accept", {"accept": {"auth_key": "0"}}), ("GET", f"{v}/os-quota-sets/{project}", None)]
    one(f"/image/v2/images/{image}", methods=("GET", "DELETE"))
    walk += [("GET", f"/image/v2/images/{image}/file", None), ("PUT", f"/image/v2/images/{image}/tags/t", None), ("GET", f"/image/v2/images/{image}/members", None), ("POST", f"/image/v2/images/{image}/members", {"member": tenants.project["stranger"]}), ("POST", f"/image/v2/images/{image}/actions/deactivate", None),
             ("GET", f"/image/v2/images/{image}/tasks", None), ("PUT", f"/image/v2/images/{image}/stage", {"a": "b"}), ("POST", f"/image/v2/images/{image}/import", {"method": {"name": "web-download", "uri": "http://192.0.2.1/"}})]
    one(f"/identity/v3/projects/{project}", {"project": {"description": "x"}}, methods=("GET", "PATCH", "DELETE"))
    one(f"/identity/v3/users/{user}", {"user": {"description": "x"}}, methods=("GET", "PATCH", "DELETE"))
    walk += [("PUT", f"/identity/v3/projects/{project}/users/{tenants.user['stranger']}/roles/{tenants.role}", None), ("GET", f"/identity/v3/users/{user}/application_credentials", None), ("GET", f"/placement/allocations/{server}", None)]

    for method, path, body in walk:
        status, text, _ = call(method, path, stranger, body)
        if status not in (400, 401, 403, 404, 409):
            print(f"{method} {path} {json.dumps(body)}: {status} {text[:300]!r}")
    # Lists name nothing of it either, whatever filter is tried.
    mine = (network, subnet, port, router, group, rule, floating, pool, volume, transfer, image, servers, server, project)
    lists = [f"{n}/{k}" for k in ("networks", "subnets", "ports", "routers", "security-groups", "security-group-rules", "floatingips", "subnetpools", "network-ip-availabilities")]
    lists += [f"{n}/ports?device_id={server}", f"{n}/networks?project_id={project}", f"{n}/security-groups?tenant_id={project}", f"{c}/servers/detail", f"{c}/servers?project_id={project}", f"{c}/os-server-groups", f"{v}/volumes/detail", f"{v}/volumes/detail?all_tenants=1", f"{v}/snapshots/detail",
              f"{v}/os-volume-transfer/detail", f"{v}/attachments", "/image/v2/images", "/image/v2/images?visibility=all", "/identity/v3/auth/projects", f"/image/v2/images?owner={project}"]
    for path in lists:
        status, text, _ = call("GET", path, stranger)
        for id in mine:
            if status == 200 and id.encode() in text.replace(f"project_id={project}".encode(), b"").replace(f"owner={project}".encode(), b""):
                print(f"GET {path} names {id}")
    # And all of it is still the owner's.
    for path in (f"{n}/networks/{network}", f"{n}/subnets/{subnet}", f"{n}/ports/{port}", f"{n}/routers/{router}", f"{n}/security-groups/{group}", f"{n}/floatingips/{floating}", f"{c}/servers/{server}", f"{v}/volumes/{volume}", f"/image/v2/images/{image}"):
        status, text, _ = call("GET", path, owner)
        if status != 200 or b"mine" in text.replace(b"mine_", b""):
            print(f"{path} is no longer as its owner made it: {status} {text[:300]!r}")

    print(f"tried {len(walk) + len(lists)}")


with Tenants("owner", "stranger") as both:
    walk_all(both)
