"""The texts of mails, in English and German: plain text, and the same as simple HTML that loads nothing.

No text holds anything that somebody else could have written (a display name, say): who registers a stranger's address
must not be able to write to them through us.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from msgspec import Struct

from auth_service.domain.accounts import Locale


class LinkMail(StrEnum):
    """Mails with a link."""

    REGISTRATION = "registration"
    ALREADY_REGISTERED = "already_registered"
    PASSWORD_RESET = "password_reset"  # noqa: S105
    EMAIL_CHANGE = "email_change"
    EMAIL_CHANGED = "email_changed"


class Notice(StrEnum):
    """Mails that only tell."""

    PASSWORD_CHANGED = "password_changed"  # noqa: S105
    IDENTITY_LINKED = "identity_linked"
    EMAIL_IN_USE = "email_in_use"
    ACCOUNT_DELETED = "account_deleted"


class Mail(Struct, frozen=True, kw_only=True):
    """A mail to be sent."""

    to: str
    subject: str
    text: str
    html: str


class _Text(Struct, frozen=True):
    subject: str
    paragraphs: tuple[str, ...]
    """With ``{site}``, ``{address}`` and, on a line of its own, ``{link}``."""


_LINK: Final = "{link}"
_TEXTS: Final[Mapping[Locale, Mapping[LinkMail | Notice, _Text]]] = {
    "en": {
        LinkMail.REGISTRATION: _Text(
            "Confirm your e-mail address for {site}",
            (
                "Somebody, presumably you, wants to use this address for an account at {site}.",
                "Open this link within 24 hours and enter the password that you have chosen:",
                _LINK,
                "If it was not you, do nothing: no account is made then.",
            ),
        ),
        LinkMail.ALREADY_REGISTERED: _Text(
            "You already have an account at {site}",
            (
                "Somebody, presumably you, has tried to register this address at {site}. It has an account already, "
                "and nothing was changed.",
                "Just sign in. If you have forgotten the password, choose a new one within 30 minutes:",
                _LINK,
                "If it was not you, there is nothing to do.",
            ),
        ),
        LinkMail.PASSWORD_RESET: _Text(
            "Choose a new password for {site}",
            (
                "Somebody, presumably you, has forgotten the password for {site}.",
                "Open this link within 30 minutes to choose a new one. All devices are signed out then:",
                _LINK,
                "If it was not you, do nothing: the password stays as it is.",
            ),
        ),
        LinkMail.EMAIL_CHANGE: _Text(
            "Confirm your new e-mail address for {site}",
            (
                "Somebody, presumably you, wants to use this address for their account at {site} from now on.",
                "Open this link within an hour, where you are signed in:",
                _LINK,
                "If it was not you, do nothing.",
            ),
        ),
        LinkMail.EMAIL_CHANGED: _Text(
            "Your e-mail address for {site} was changed",
            (
                "Your account at {site} has another e-mail address now: {address}",
                "If it was not you, open this link within 7 days. It brings this address back, asks for a new password "
                "and signs all devices out:",
                _LINK,
                "If it was you, there is nothing to do.",
            ),
        ),
        Notice.PASSWORD_CHANGED: _Text(
            "Your password for {site} was changed",
            (
                "The password of your account at {site} has just been changed.",
                "If it was not you, choose a new one now: on the page for signing in, follow “Forgotten password”.",
            ),
        ),
        Notice.IDENTITY_LINKED: _Text(
            "There is another way to sign in to your account at {site}",
            (
                "An account elsewhere has just been linked to yours at {site}. Whoever has it can sign in with it.",
                "If it was not you, sign in, take it from your account, and then choose a new password.",
            ),
        ),
        Notice.EMAIL_IN_USE: _Text(
            "Your address has an account at {site}",
            (
                "Somebody, perhaps you, has tried to use this address for another account at {site}. It has an account "
                "of its own, and nothing was changed.",
                "To use it for the other account, sign in to this one and delete it or change its address first.",
            ),
        ),
        Notice.ACCOUNT_DELETED: _Text(
            "Your account at {site} was deleted",
            (
                "Your account at {site} and what was stored of you have been deleted, and all devices signed out.",
                "If it was not you, tell the administrators of {site}.",
            ),
        ),
    },
    "de": {
        LinkMail.REGISTRATION: _Text(
            "Bestätige deine E-Mail-Adresse für {site}",
            (
                "Jemand, vermutlich du selbst, möchte diese Adresse für ein Konto bei {site} verwenden.",
                "Öffne innerhalb von 24 Stunden diesen Link und gib das gewählte Passwort ein:",
                _LINK,
                "Wenn du es nicht warst, tu nichts: Dann entsteht kein Konto.",
            ),
        ),
        LinkMail.ALREADY_REGISTERED: _Text(
            "Du hast schon ein Konto bei {site}",
            (
                "Jemand, vermutlich du selbst, wollte diese Adresse bei {site} registrieren. Sie hat schon ein Konto, "
                "und es wurde nichts geändert.",
                "Melde dich einfach an. Wenn du das Passwort vergessen hast, wähle binnen 30 Minuten ein neues:",
                _LINK,
                "Wenn du es nicht warst, brauchst du nichts zu tun.",
            ),
        ),
        LinkMail.PASSWORD_RESET: _Text(
            "Wähle ein neues Passwort für {site}",
            (
                "Jemand, vermutlich du selbst, hat das Passwort für {site} vergessen.",
                "Öffne binnen 30 Minuten diesen Link, um ein neues zu wählen. Alle Geräte werden dann abgemeldet:",
                _LINK,
                "Wenn du es nicht warst, tu nichts: Das Passwort bleibt, wie es ist.",
            ),
        ),
        LinkMail.EMAIL_CHANGE: _Text(
            "Bestätige deine neue E-Mail-Adresse für {site}",
            (
                "Jemand, vermutlich du selbst, möchte diese Adresse künftig für sein Konto bei {site} verwenden.",
                "Öffne innerhalb einer Stunde diesen Link, und zwar dort, wo du angemeldet bist:",
                _LINK,
                "Wenn du es nicht warst, tu nichts.",
            ),
        ),
        LinkMail.EMAIL_CHANGED: _Text(
            "Deine E-Mail-Adresse für {site} wurde geändert",
            (
                "Dein Konto bei {site} hat jetzt eine andere E-Mail-Adresse: {address}",
                "Wenn du es nicht warst, öffne innerhalb von 7 Tagen diesen Link. Er stellt diese Adresse wieder her, "
                "fragt nach einem neuen Passwort und meldet alle Geräte ab:",
                _LINK,
                "Wenn du es warst, brauchst du nichts zu tun.",
            ),
        ),
        Notice.PASSWORD_CHANGED: _Text(
            "Dein Passwort für {site} wurde geändert",
            (
                "Das Passwort deines Kontos bei {site} wurde soeben geändert.",
                "Wenn du es nicht warst, wähle gleich ein neues: beim Anmelden unter „Passwort vergessen“.",
            ),
        ),
        Notice.IDENTITY_LINKED: _Text(
            "Bei deinem Konto bei {site} kann man sich noch anders anmelden",
            (
                "Ein anderes Konto wurde soeben mit deinem bei {site} verbunden. Wer es hat, kann sich damit anmelden.",
                "Wenn du es nicht warst: melde dich an, löse die Verbindung und wähle dann ein neues Passwort.",
            ),
        ),
        Notice.EMAIL_IN_USE: _Text(
            "Deine Adresse hat ein Konto bei {site}",
            (
                "Jemand, vielleicht du selbst, wollte diese Adresse für ein anderes Konto bei {site} verwenden. Sie "
                "hat ein eigenes Konto, und es wurde nichts geändert.",
                "Um sie für das andere zu verwenden, melde dich bei diesem an und lösche es oder ändere zuerst seine "
                "Adresse.",
            ),
        ),
        Notice.ACCOUNT_DELETED: _Text(
            "Dein Konto bei {site} wurde gelöscht",
            (
                "Dein Konto bei {site} und alles, was dort über dich gespeichert war, wurde gelöscht, und alle Geräte "
                "wurden abgemeldet.",
                "Wenn du es nicht warst, wende dich an die Verwaltung von {site}.",
            ),
        ),
    },
}


def compose(
    kind: LinkMail | Notice, *, to: str, locale: Locale, site: str, link: str | None = None, address: str = ""
) -> Mail:
    """A mail. ``site``: the platform's host name; ``link``: for a `LinkMail`; ``address``: the account's new one."""
    text = _TEXTS[locale][kind]
    values = {"site": site, "address": address, "link": link or ""}
    paragraphs = [paragraph.format(**values) for paragraph in text.paragraphs]
    marked_up = "\n".join(_paragraph(paragraph, is_link=paragraph == link) for paragraph in paragraphs)
    style = "font-family: sans-serif; line-height: 1.5; max-width: 36em"
    return Mail(
        to=to,
        subject=text.subject.format(**values),
        text="\n\n".join(paragraphs) + "\n",
        html=(
            f'<!doctype html>\n<html lang="{locale}">\n<meta charset="utf-8">\n'
            f'<body style="{style}">\n{marked_up}\n</body>\n</html>\n'
        ),
    )


def _paragraph(text: str, *, is_link: bool) -> str:
    escaped = html.escape(text)
    return f'<p><a href="{escaped}">{escaped}</a></p>' if is_link else f"<p>{escaped}</p>"
