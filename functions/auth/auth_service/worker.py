"""Does the jobs of the queue: sends mails, tells other services, erases what deleted accounts have left.

Here, where no answer waits for it, it is looked up whether an address has an account.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable

from auth_service.adapters.accounts_table import AccountsTable
from auth_service.adapters.links_table import LinksTable
from auth_service.adapters.service_accounts_table import ServiceAccountsTable
from auth_service.adapters.table import Table
from auth_service.announcements import Announcements
from auth_service.domain.accounts import Account, Locale
from auth_service.domain.jobs import (
    Announce,
    ConfirmAddress,
    ConfirmRegistration,
    Erase,
    EraseKeys,
    Job,
    OfferReset,
    Tell,
    TellChangedAddress,
)
from auth_service.domain.links import LIFETIME_S, TOKEN_BYTES, Link, LinkKind, token_hash
from auth_service.domain.mails import LinkMail, Notice, compose
from functions.serverless.jobs import JobRunner, Jobs
from functions.serverless.mailers import Mailer

_PAGES = {
    LinkKind.REGISTRATION: "confirm-registration",
    LinkKind.PASSWORD_RESET: "reset-password",
    LinkKind.EMAIL_CHANGE: "confirm-email",
    LinkKind.EMAIL_UNDO: "undo-email",
}


class Worker(JobRunner[Job]):
    """``mailer``: None where no mail is sent. ``page``: the page's address; ``site``: its host name."""

    def __init__(
        self,
        *,
        table: Table,
        jobs: Jobs[Job],
        accounts: AccountsTable,
        services: ServiceAccountsTable,
        links: LinksTable,
        announcements: Announcements,
        mailer: Mailer | None,
        page: str,
        site: str,
        clock: Callable[[], float],
        randomness: Callable[[int], bytes],
        logger: logging.Logger,
    ) -> None:
        super().__init__(jobs=jobs, do=lambda queued: self._do(queued.job), clock=clock, logger=logger)
        self._table = table
        self._accounts = accounts
        self._services = services
        self._links = links
        self._announcements = announcements
        self._mailer = mailer
        self._page = page
        self._site = site
        self._randomness = randomness

    def _do(self, job: Job) -> None:
        match job:
            case ConfirmRegistration():
                self._confirm_registration(job)
            case OfferReset():
                account = self._accounts.find_by_address(job.email)
                if account is not None:
                    self._send_reset(account, LinkMail.PASSWORD_RESET)
            case ConfirmAddress():
                self._confirm_address(job)
            case TellChangedAddress():
                link = self._new_link(
                    LinkKind.EMAIL_UNDO, user_id=job.user_id, change_id=job.change_id, expires_at=job.until
                )
                self._send(LinkMail.EMAIL_CHANGED, job.email, job.locale, link=link, address=job.new_email)
            case Tell():
                self._send(job.notice, job.email, job.locale)
            case Erase():
                self._table.delete_of_user(job.user_id)
            case EraseKeys():
                self._services.delete_keys(job.service_account_id)
            case Announce():
                self._announcements.do(job)

    def _confirm_registration(self, job: ConfirmRegistration) -> None:
        account = self._accounts.find_by_address(job.email)
        if account is not None:
            self._send_reset(account, LinkMail.ALREADY_REGISTERED)
            return
        link = self._new_link(
            LinkKind.REGISTRATION,
            email=job.email,
            display_name=job.display_name,
            password_hash=job.password_hash,
            locale=job.locale,
        )
        self._send(LinkMail.REGISTRATION, job.email, job.locale, link=link)

    def _confirm_address(self, job: ConfirmAddress) -> None:
        if not self._accounts.is_free(job.email, user_id=job.user_id):
            self._send(Notice.EMAIL_IN_USE, job.email, job.locale)
            return
        link = self._new_link(LinkKind.EMAIL_CHANGE, user_id=job.user_id, epoch=job.epoch, email=job.email)
        self._send(LinkMail.EMAIL_CHANGE, job.email, job.locale, link=link)

    def _send_reset(self, account: Account, mail: LinkMail) -> None:
        link = self._new_link(
            LinkKind.PASSWORD_RESET, user_id=account.id, epoch=account.reset_epoch, email=account.email
        )
        self._send(mail, account.email, account.locale, link=link)

    def _new_link(self, kind: LinkKind, *, expires_at: int | None = None, **fields: object) -> str:
        """The address of the page for a new link. Whoever repeats a job makes another one: both work."""
        token = base64.urlsafe_b64encode(self._randomness(TOKEN_BYTES)).rstrip(b"=").decode()
        now = int(self._clock())
        until = now + LIFETIME_S[kind] if expires_at is None else expires_at
        self._links.add(
            Link(token_hash=token_hash(token), kind=kind, created_at=now, expires_at=until, **fields)  # type: ignore[arg-type]
        )
        return f"{self._page}/{_PAGES[kind]}#token={token}"

    def _send(
        self, kind: LinkMail | Notice, to: str, locale: Locale, *, link: str | None = None, address: str = ""
    ) -> None:
        if self._mailer is None:
            return  # mail was turned off meanwhile
        self._mailer(compose(kind, to=to, locale=locale, site=self._site, link=link, address=address))
        self._logger.info("mail_sent", extra={"mail": kind.value})
