"""The headers of every answer: no script but the registry's own, no frame, no device, and TLS for good where it is."""

from __future__ import annotations

from provenance_registry.app import security_headers


def directives(policy: str) -> dict[str, list[str]]:
    return {name: values for name, *values in (part.split() for part in policy.split(";"))}


def test_nothing_is_loaded_from_elsewhere_but_answers_of_the_policys_nodes() -> None:
    nodes = ("https://kiln.cn/rpc", "https://node.example:8545/v1/key?x=1", "https://kiln.cn/rpc")
    policy = directives(security_headers("https://kiln.cn", nodes)["content-security-policy"])
    assert policy.pop("connect-src") == ["'self'", "https://kiln.cn", "https://node.example:8545"]
    assert policy.pop("img-src") == ["'self'", "data:", "blob:"]
    assert policy == {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }


def test_tls_is_kept_where_the_address_has_it_and_there_alone() -> None:
    assert security_headers("https://kiln.cn", ())["strict-transport-security"] == "max-age=31536000"
    assert "strict-transport-security" not in security_headers("http://127.0.0.1:8757", ())


def test_no_page_asks_for_a_device() -> None:
    granted = security_headers("https://kiln.cn", ())["permissions-policy"].split(", ")
    assert {"camera=()", "geolocation=()", "microphone=()", "payment=()", "usb=()"} <= set(granted)
    assert all(item.endswith("=()") for item in granted)
