"""Where a run is held back: it must not end its own sign-in, nor make the server knock at strangers' doors."""

import itertools
import json
import os
from urllib.parse import urlsplit, urlunsplit

import requests
import schemathesis

ABSENT = "00000000-0000-4000-8000-000000000000"


def _own():
    """Ids of what keeps this run signed in: its person and their tokens."""
    url, token = os.environ["FUZZ_URL"], os.environ.get("FUZZ_TOKEN")
    if not token:
        return set()
    headers = {"Authorization": f"Bearer {token}"}
    me = requests.get(f"{url}/api/v1/me", headers=headers, timeout=20).json()
    tokens = requests.get(f"{url}/api/v1/api-tokens", headers=headers, timeout=20).json()
    return {me["user"]["id"], *(item["id"] for item in tokens["items"])}


def _doors():
    """Keys of the demo's doors for call events; some want a signature, for some the key is all."""
    with open(os.environ["FUZZ_DEMO"], encoding="utf-8") as file:
        return [door["hook_url"].rsplit("/", 1)[1] for door in json.load(file)["connections"].values()]


OWN = _own()
DOORS = itertools.cycle([None, *_doors()])
NUMBERS = itertools.count()


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.method.upper() != "GET":
        for name, value in (case.path_parameters or {}).items():
            if value in OWN:
                case.path_parameters[name] = ABSENT
    if case.path == "/hooks/{key}":
        case.path_parameters["key"] = next(DOORS) or case.path_parameters["key"]
    # A key that came with another request before is all that would be looked at.
    key = (case.headers or {}).get("Idempotency-Key")
    if key and len(key) <= 240:
        case.headers["Idempotency-Key"] = f"{key}{next(NUMBERS)}"
    if isinstance(case.body, dict):
        for name in ("url", "issuer"):
            if isinstance(case.body.get(name), str):
                case.body[name] = _nowhere(case.body[name])


def _nowhere(url):
    """The same address at a host that there is not (RFC 6761): the server does send where it is told to."""
    try:
        parts = urlsplit(url)
        if not parts.netloc:
            return url
        user, at, _ = parts.netloc.rpartition("@")
        port = "" if parts.port is None else f":{parts.port}"
        return urlunsplit(parts._replace(netloc=f"{user}{at}fuzz.invalid{port}"))
    except ValueError:
        return url
