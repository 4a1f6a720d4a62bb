"""Addresses of message brokers, as feeds read from them and alert channels write to them."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit

from flow_pipeline.domain.errors import UsageError

_PROTOCOLS = {"kafka": "PLAINTEXT", "ssl": "SSL", "sasl_ssl": "SASL_SSL", "sasl_plaintext": "SASL_PLAINTEXT"}


def missing(package: str) -> UsageError:
    """The refusal where a client is not installed."""
    return UsageError(f"{package} is not installed", 'pip install "netraflow[streams]"')


def has_password(address: str) -> bool:
    """True for an address like `nats://user:password@host`."""
    return ":" in urlsplit(f"//{address.rpartition('://')[2]}").netloc.rpartition("@")[0]


def without_password(address: str) -> str:
    """An address as it may be shown."""
    scheme, sign, rest = address.rpartition("://")
    netloc = urlsplit(f"//{rest}").netloc
    return f"{scheme}{sign}{rest.replace(netloc, netloc.rpartition('@')[2], 1)}"


def kafka_settings(address: str) -> dict[str, str]:
    """Settings of Kafka's clients out of an address.

    Args:
        address: `host:port,…`, or `ssl://…`, `sasl_ssl://user:password@…`, `sasl_plaintext://…` before it and
            `?mechanism=SCRAM-SHA-512` behind it.

    Raises:
        UsageError: it begins with another scheme.
    """
    if "://" not in address:
        return {"bootstrap.servers": address}
    scheme, _, rest = address.partition("://")
    if scheme not in _PROTOCOLS:
        raise UsageError(
            f"the address of the broker begins with {scheme}://",
            "give host:port, ssl://host:port or sasl_ssl://user:password@host:port",
        )
    protocol, parts = _PROTOCOLS[scheme], urlsplit(f"//{rest}")
    found = {"bootstrap.servers": parts.netloc.rpartition("@")[2], "security.protocol": protocol}
    if protocol.startswith("SASL"):
        user, _, password = parts.netloc.rpartition("@")[0].partition(":")
        mechanism = parse_qs(parts.query).get("mechanism", ["PLAIN"])[0]
        found |= {"sasl.mechanisms": mechanism, "sasl.username": unquote(user), "sasl.password": unquote(password)}
    return found
