"""What people do with the Python client. Prints a line for each thing that it saw; the test that runs it knows which are right."""

import json
import sys
import time

import urllib3
from kubernetes import client, config, dynamic, watch

ATTEMPTS = 50


def config_map(name, value="1"):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"key": value}}


def create(space):
    core = client.CoreV1Api()
    made = core.create_namespaced_config_map(space, config_map("one", "value"))
    read = core.read_namespaced_config_map("one", space)
    print(read.metadata.name, read.data["key"], read.metadata.uid == made.metadata.uid)
    core.delete_namespaced_config_map("one", space)
    try:
        core.read_namespaced_config_map("one", space)
    except client.ApiException as refusal:
        print(refusal.status, refusal.reason)


def see(space):
    core = client.CoreV1Api()
    start = core.list_namespaced_config_map(space).metadata.resource_version
    core.create_namespaced_config_map(space, config_map("one"))
    core.patch_namespaced_config_map("one", space, {"data": {"key": "2"}})
    core.delete_namespaced_config_map("one", space)
    events = watch.Watch()
    for event in events.stream(core.list_namespaced_config_map, space, resource_version=start, timeout_seconds=60):
        print(event["type"], event["object"].metadata.name, event["object"].data["key"])
        if event["type"] == "DELETED":
            events.stop()


def apply(space):
    maps = dynamic.DynamicClient(client.ApiClient()).resources.get(api_version="v1", kind="ConfigMap")

    def own(value, manager, **options):
        body = config_map("one", value)
        try:
            return maps.server_side_apply(body=body, name="one", namespace=space, field_manager=manager, **options)
        except dynamic.exceptions.DynamicApiError as refusal:
            if refusal.status != 0:
                raise
        # Version 22 of the client itself refuses to write an object as YAML. JSON is YAML.
        return maps.server_side_apply(body=json.dumps(body), name="one", namespace=space, field_manager=manager, **options)

    print(own("1", "first").metadata.managedFields[0].operation)
    try:
        own("2", "second")
    except dynamic.exceptions.ConflictError as refusal:
        print(refusal.status, refusal.reason)
    print(own("2", "second", force_conflicts=True).data.key)


def custom(space):
    client.ApiextensionsV1Api().create_custom_resource_definition({
        "metadata": {"name": "lamps.python.example.com"},
        "spec": {
            "group": "python.example.com",
            "scope": "Namespaced",
            "names": {"plural": "lamps", "singular": "lamp", "kind": "Lamp", "listKind": "LampList"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {
                "type": "object",
                "properties": {"spec": {"type": "object", "properties": {"watts": {"type": "integer", "minimum": 1}}}},
            }}}],
        },
    })
    for event in watch.Watch().stream(client.ApiextensionsV1Api().list_custom_resource_definition, field_selector="metadata.name=lamps.python.example.com", timeout_seconds=60):
        if any(c.type == "Established" and c.status == "True" for c in event["object"].status.conditions or []):
            break
    lamps = dynamic.DynamicClient(client.ApiClient()).resources.get(api_version="python.example.com/v1", kind="Lamp")

    def lamp(name, watts):
        return {"apiVersion": "python.example.com/v1", "kind": "Lamp", "metadata": {"name": name}, "spec": {"watts": watts}}

    lamps.create(body=lamp("red", 5), namespace=space)
    lamps.patch(body={"metadata": {"name": "red"}, "spec": {"watts": 7}}, namespace=space, content_type="application/merge-patch+json")
    for item in lamps.get(namespace=space).items:
        print(item.metadata.name, item.spec.watts)
    try:
        lamps.create(body=lamp("dark", 0), namespace=space)
    except dynamic.exceptions.UnprocessibleEntityError as refusal:
        print(refusal.status, "spec.watts" in str(refusal.body))
    lamps.delete(name="red", namespace=space)
    print(len(lamps.get(namespace=space).items))


def resume(space):
    """Watches until "last" came, and begins again where it was when the server hangs up or cannot be reached."""
    core = client.CoreV1Api()
    version = core.list_namespaced_config_map(space).metadata.resource_version
    print("WATCHING")
    for attempt in range(ATTEMPTS):
        try:
            for event in watch.Watch().stream(core.list_namespaced_config_map, space, resource_version=version, timeout_seconds=60):
                version = event["object"].metadata.resource_version
                print(event["type"], event["object"].metadata.name)
                if event["object"].metadata.name == "last":
                    return
        except urllib3.exceptions.HTTPError:
            pass  # Hung up, or not there yet.
        time.sleep(0.2)
    sys.exit("the watch was broken too often")


config.load_kube_config()
{"create": create, "watch": see, "apply": apply, "custom": custom, "resume": resume}[sys.argv[1]](sys.argv[2])
