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
from functions.serverless.mails import Mail


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
    TOTP_ENROLLED = "totp_enrolled"
    TOTP_REMOVED = "totp_removed"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    RECOVERY_CODES_MADE = "recovery_codes_made"
    RECOVERY_CODE_USED = "recovery_code_used"
    FACTORS_RESET = "factors_reset"


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
        Notice.TOTP_ENROLLED: _Text(
            "An authenticator app was added to your account at {site}",
            (
                "An authenticator app has just been set up for your account at {site}. Its codes are asked for when "
                "you sign in with your password.",
                "If it was not you, sign in, remove it, and then choose a new password.",
            ),
        ),
        Notice.TOTP_REMOVED: _Text(
            "The authenticator app was removed from your account at {site}",
            (
                "The authenticator app of your account at {site} has just been removed. Its codes are not asked for "
                "any more.",
                "If it was not you, choose a new password now, and set the app up again.",
            ),
        ),
        Notice.PASSKEY_ADDED: _Text(
            "A passkey was added to your account at {site}",
            (
                "A passkey has just been made for your account at {site}. Whoever has it can sign in with it.",
                "If it was not you, sign in, remove it, and then choose a new password.",
            ),
        ),
        Notice.PASSKEY_REMOVED: _Text(
            "A passkey was removed from your account at {site}",
            (
                "A passkey has just been removed from your account at {site}. Nobody can sign in with it any more.",
                "If it was not you, choose a new password now.",
            ),
        ),
        Notice.RECOVERY_CODES_MADE: _Text(
            "New recovery codes for your account at {site}",
            (
                "New recovery codes have just been made for your account at {site}. The old ones work no more.",
                "If it was not you, sign in, make new ones yourself, and then choose a new password.",
            ),
        ),
        Notice.RECOVERY_CODE_USED: _Text(
            "A recovery code of your account at {site} was used",
            (
                "Somebody, presumably you, has just proven with a recovery code to be the owner of your account at "
                "{site}. It works no more.",
                "If it was not you, choose a new password now, and make new recovery codes.",
            ),
        ),
        Notice.FACTORS_RESET: _Text(
            "The second factors of your account at {site} were removed",
            (
                "An administrator of {site} has just removed the passkeys, the authenticator app and the recovery "
                "codes of your account, and signed all devices out.",
                "Sign in and set them up again. If you have not asked for this, tell the administrators.",
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
        Notice.TOTP_ENROLLED: _Text(
            "Dein Konto bei {site} hat jetzt eine Authenticator-App",
            (
                "Für dein Konto bei {site} wurde soeben eine Authenticator-App eingerichtet. Nach ihren Codes wird "
                "gefragt, wenn du dich mit deinem Passwort anmeldest.",
                "Wenn du es nicht warst: melde dich an, entferne sie und wähle dann ein neues Passwort.",
            ),
        ),
        Notice.TOTP_REMOVED: _Text(
            "Die Authenticator-App deines Kontos bei {site} wurde entfernt",
            (
                "Die Authenticator-App deines Kontos bei {site} wurde soeben entfernt. Nach ihren Codes wird nicht "
                "mehr gefragt.",
                "Wenn du es nicht warst, wähle gleich ein neues Passwort und richte die App wieder ein.",
            ),
        ),
        Notice.PASSKEY_ADDED: _Text(
            "Dein Konto bei {site} hat einen neuen Passkey",
            (
                "Für dein Konto bei {site} wurde soeben ein Passkey erstellt. Wer ihn hat, kann sich damit anmelden.",
                "Wenn du es nicht warst: melde dich an, entferne ihn und wähle dann ein neues Passwort.",
            ),
        ),
        Notice.PASSKEY_REMOVED: _Text(
            "Ein Passkey deines Kontos bei {site} wurde entfernt",
            (
                "Ein Passkey deines Kontos bei {site} wurde soeben entfernt. Niemand kann sich mehr damit anmelden.",
                "Wenn du es nicht warst, wähle gleich ein neues Passwort.",
            ),
        ),
        Notice.RECOVERY_CODES_MADE: _Text(
            "Neue Wiederherstellungscodes für dein Konto bei {site}",
            (
                "Für dein Konto bei {site} wurden soeben neue Wiederherstellungscodes erstellt. Die alten gelten nicht "
                "mehr.",
                "Wenn du es nicht warst: melde dich an, erstelle selbst neue und wähle dann ein neues Passwort.",
            ),
        ),
        Notice.RECOVERY_CODE_USED: _Text(
            "Ein Wiederherstellungscode deines Kontos bei {site} wurde benutzt",
            (
                "Jemand, vermutlich du selbst, hat sich soeben bei {site} mit einem Wiederherstellungscode deines "
                "Kontos ausgewiesen. Er gilt nicht mehr.",
                "Wenn du es nicht warst, wähle gleich ein neues Passwort und erstelle neue Codes.",
            ),
        ),
        Notice.FACTORS_RESET: _Text(
            "Die zweiten Faktoren deines Kontos bei {site} wurden entfernt",
            (
                "Die Verwaltung von {site} hat soeben die Passkeys, die Authenticator-App und die "
                "Wiederherstellungscodes deines Kontos entfernt und alle Geräte abgemeldet.",
                "Melde dich an und richte sie neu ein. Wenn du nicht darum gebeten hast, wende dich an die Verwaltung.",
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
