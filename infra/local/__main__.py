"""``python -m infra.local``: starts the platform, prints its one address, and stops it on Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import fcntl
import importlib.util
import os
import signal
import socket
import sys
from collections.abc import Iterator

from infra.local.certificate import CertificateFiles, ensure_certificate
from infra.local.errors import (
    AlreadyRunningError,
    LocalPlatformError,
    NotBuiltError,
    ProcessFailedError,
    SettingsError,
)
from infra.local.plan import Plan, choose_ports
from infra.local.ports import LOOPBACK, own_address, require_free
from infra.local.settings import ROOT, LocalSettings
from infra.local.supervisor import Supervisor
from infra.local.terminal import Terminal

MAX_MEDIA_ADDRESSES = 8
"""So many a media node takes."""


def main() -> int:
    """The exit code: 0 after a stop that was asked for, 1 when the platform could not start or go on."""
    terminal = Terminal()
    try:
        settings = LocalSettings.from_environ(os.environ)
        os.chdir(ROOT)  # the processes find the packages here
        with _one_supervisor(settings):
            _require_built(settings)
            _require_ports(settings)
            return asyncio.run(_run(settings, terminal))
    except LocalPlatformError as error:
        terminal.problem(str(error))
        return 1


async def _run(settings: LocalSettings, terminal: Terminal) -> int:
    certificate = _certificate(settings)
    plan = Plan(settings, choose_ports(), certificate, _media_addresses(settings), os.environ)
    stop = asyncio.Event()
    supervisor = Supervisor(plan.processes(), settings.data_path / "logs", terminal, stop)
    _stop_on_signals(supervisor, terminal, stop)
    terminal.line("Parley starts:")
    try:
        starting = asyncio.create_task(supervisor.start())
        stopping = asyncio.create_task(_wait(stop))
        await asyncio.wait([starting, stopping], return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            return 0
        starting.result()
        _welcome(settings, certificate, terminal, confirms_addresses=plan.confirms_addresses)
        await stopping
        if supervisor.failure:
            raise ProcessFailedError(f"{supervisor.failure} The platform stops.")
        return 0
    finally:
        await supervisor.stop()
        terminal.line("Parley has stopped.")


async def _wait(event: asyncio.Event) -> None:
    await event.wait()


def _welcome(
    settings: LocalSettings, certificate: CertificateFiles | None, terminal: Terminal, *, confirms_addresses: bool
) -> None:
    terminal.line()
    terminal.line(f"  Parley is ready: {settings.url}")
    terminal.line(f"  Mails that it sends stay here: http://localhost:{settings.mailbox_port}")
    if not confirms_addresses:
        terminal.line("  Accounts are opened without a mail, and so registering tells which addresses have one:")
        terminal.line(
            "  for people who know each other. PARLEY_AUTH_MAIL=smtp has addresses confirmed, and tells nothing."
        )
    terminal.line()
    if certificate is not None:
        terminal.line("  Browsers ask once whether to trust the certificate that was made for this address. SHA-256:")
        terminal.line(f"  {certificate.fingerprint}")
    terminal.line(f"  Logs are in {settings.data}/logs. Ctrl-C stops everything.")


def _stop_on_signals(supervisor: Supervisor, terminal: Terminal, stop: asyncio.Event) -> None:
    """The first signal sets ``stop``; the second one ends everything at once."""

    def asked() -> None:
        if stop.is_set():
            supervisor.kill()
            return
        terminal.line()
        terminal.line("Parley stops (once more to stop at once)")
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, asked)


@contextlib.contextmanager
def _one_supervisor(settings: LocalSettings) -> Iterator[None]:
    """Holds the data folder. The kernel lets go of the lock when the process ends, however it ends.

    Raises:
        AlreadyRunningError: another supervisor holds it.
    """
    try:
        settings.data_path.mkdir(parents=True, exist_ok=True, mode=0o700)  # signing keys are in there
    except OSError as error:
        raise SettingsError(f"PARLEY_DATA: {settings.data} cannot be made ({error.strerror}).") from None
    with (settings.data_path / "supervisor.pid").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise AlreadyRunningError(
                f"Parley already runs with the data in {settings.data} (process {file.read().strip() or 'unknown'}). "
                "Stop it first, or choose another folder: make run PARLEY_DATA=.parley-2 (and other ports)."
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _require_built(settings: LocalSettings) -> None:
    if not (settings.web_path / "index.html").is_file():
        raise NotBuiltError(f"The page is not built: {settings.web}/index.html is missing. Run: make build")
    if importlib.util.find_spec("packet_core") is None:
        raise NotBuiltError("The packet core is not built for this Python environment. Run: make build")


def _require_ports(settings: LocalSettings) -> None:
    wanted = (
        (settings.port, False, settings.bind_address, "the page and the API", "PARLEY_PORT"),
        (settings.gateway_port, False, LOOPBACK, "the signalling gateway", "PARLEY_GATEWAY_PORT"),
        (settings.mailbox_port, False, LOOPBACK, "the mailbox", "PARLEY_MAILBOX_PORT"),
        (settings.media_port, True, settings.media_bind_addresses[0], "media", "PARLEY_MEDIA_PORT"),
        (settings.media_port, False, settings.media_bind_addresses[0], "media over TCP", "PARLEY_MEDIA_PORT"),
    )
    for port, udp, address, purpose, setting in wanted:
        require_free(port, udp=udp, address=address, purpose=purpose, setting=setting)


def _certificate(settings: LocalSettings) -> CertificateFiles | None:
    if not settings.is_public or settings.is_proxied:
        return None
    return ensure_certificate(settings.data_path / "tls", settings.host, now=dt.datetime.now(dt.UTC))


def _media_addresses(settings: LocalSettings) -> tuple[str, ...]:
    """The IP addresses in the node's ICE candidates: all that the host's name has, as the resolver prefers them.

    Without a host those of this machine alone: for Firefox, which uses none of the loopback interface, its own, too.

    Raises:
        SettingsError: the host's name has no address.
    """
    if not settings.is_public:
        return tuple(filter(None, (LOOPBACK, own_address())))
    try:
        found = socket.getaddrinfo(settings.host, None, type=socket.SOCK_DGRAM)
    except OSError as error:
        raise SettingsError(f"PARLEY_HOST: {settings.host} has no address ({error.strerror}).") from None
    return tuple(dict.fromkeys(str(address[4][0]) for address in found))[:MAX_MEDIA_ADDRESSES]


if __name__ == "__main__":
    sys.exit(main())
