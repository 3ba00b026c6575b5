"""The authentication service's composition root: the parts put together, and the routes of each area."""

from __future__ import annotations

import os
import time

from auth_service.access_tokens import AccessTokens
from auth_service.account_routes import add_account_routes
from auth_service.adapters.accounts_table import AccountsTable
from auth_service.adapters.passwords import Passwords
from auth_service.adapters.sessions_table import SessionsTable
from auth_service.adapters.table import Table
from auth_service.answers import Answers
from auth_service.discovery_routes import add_discovery_routes
from auth_service.domain.roles import Roles
from auth_service.domain.sessions import Lifetimes
from auth_service.login import Login
from auth_service.registration import Registration
from auth_service.security_events import SecurityEvents, log_to
from auth_service.session_routes import add_session_routes
from auth_service.sessions import Sessions
from auth_service.settings import AuthSettings
from chalice.app import CloudWatchEvent, Rate

from contracts.access_token import LIFETIME_S
from contracts.jwks import CLOCK_SKEW_S
from functions.serverless import aws
from functions.serverless.client_addresses import ClientAddresses
from functions.serverless.service import Service
from functions.serverless.signing_keys import SigningKeys
from telemetry.logs import service_logger

settings = AuthSettings.from_environ(os.environ)
logger = service_logger("auth")
roles = Roles(administrators=frozenset(settings.administrators), default=settings.default_role)
table = Table(aws.dynamodb_client, settings.table)
accounts = AccountsTable(table)
events = SecurityEvents(log_to(logger), clock=time.time)
signing_keys = SigningKeys(
    client=aws.secrets_client,
    secret_id=settings.signing_secret,
    token_lifetime_s=LIFETIME_S + CLOCK_SKEW_S,
    clock=time.time,
    logger=logger,
)
passwords = Passwords(
    memory_kib=settings.argon2_memory_kib,
    time_cost=settings.argon2_time_cost,
    parallelism=settings.argon2_parallelism,
)
access_tokens = AccessTokens(
    accounts=accounts,
    signing_keys=signing_keys,
    issuer=settings.issuer,
    roles=roles,
    clock=time.time,
    randomness=os.urandom,
)
sessions = Sessions(
    accounts=accounts,
    sessions=SessionsTable(table),
    access_tokens=access_tokens,
    lifetimes=Lifetimes(idle_s=settings.session_idle_s, max_s=settings.session_max_s, grace_s=settings.refresh_grace_s),
    events=events,
    clock=time.time,
    randomness=os.urandom,
)
logins = Login(accounts=accounts, passwords=passwords, sessions=sessions, events=events)
registration = Registration(
    accounts=accounts,
    passwords=passwords,
    sessions=sessions,
    events=events,
    roles=roles,
    clock=time.time,
    randomness=os.urandom,
)
answers = Answers(
    roles=roles,
    cookie_max_age_s=settings.session_idle_s,
    secure_cookies=settings.secure_cookies,
)
app = Service(
    "parley-auth",
    logger=logger,
    is_outage=aws.is_outage,
    verify=access_tokens.verify,
    addresses=ClientAddresses(trusted_proxies=settings.trusted_proxies),
)

add_account_routes(app, registration=registration, access_tokens=access_tokens, answers=answers)
add_session_routes(app, logins=logins, sessions=sessions, answers=answers)
add_discovery_routes(app, signing_keys=signing_keys)


@app.schedule(Rate(1, unit=Rate.HOURS), name="rotate-signing-keys")
def rotate_signing_keys(_: CloudWatchEvent) -> None:
    """Publishes the next signing key when it is time, and drops the keys whose last token has expired."""
    signing_keys.rotate()
