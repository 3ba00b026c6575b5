"""The authentication service's composition root: the parts put together, and the routes of each area."""

from __future__ import annotations

import functools
import os
import time
from typing import Any

from auth_service.access_tokens import AccessTokens
from auth_service.account_routes import add_account_routes, add_address_routes, add_registration_routes
from auth_service.adapters.accounts_function import AccountsFunction
from auth_service.adapters.accounts_table import AccountsTable, read_account
from auth_service.adapters.attempts_table import AttemptsTable
from auth_service.adapters.audit_table import AuditTable
from auth_service.adapters.devices_table import DevicesTable
from auth_service.adapters.identities_table import IdentitiesTable
from auth_service.adapters.links_table import LinksTable
from auth_service.adapters.login_steps_table import LoginStepsTable
from auth_service.adapters.passwords import Passwords
from auth_service.adapters.provider_settings import ProviderSettings
from auth_service.adapters.requests_table import RequestsTable
from auth_service.adapters.service_accounts_table import ServiceAccountsTable
from auth_service.adapters.sessions_table import SessionsTable
from auth_service.adapters.standings import Standings
from auth_service.adapters.table import Table
from auth_service.address_changes import AddressChanges
from auth_service.administration import Administration
from auth_service.announcements import Announcements
from auth_service.answers import Answers
from auth_service.audit_routes import add_audit_routes
from auth_service.ceremonies import Ceremonies
from auth_service.directory_logins import DirectoryLogins
from auth_service.discovery_routes import add_discovery_routes
from auth_service.domain.jobs import Job
from auth_service.domain.relying_party import relying_party
from auth_service.domain.roles import Roles
from auth_service.domain.second_factors import SecondFactorPolicy
from auth_service.domain.sessions import Lifetimes
from auth_service.entry import Entry
from auth_service.external_login import ExternalLogin
from auth_service.factor_checks import FactorChecks
from auth_service.factor_routes import add_factor_routes, add_passkey_routes
from auth_service.guessing import Guessing
from auth_service.identity_routes import add_identity_routes
from auth_service.initial_passwords import InitialPasswords, add_initial_password_route
from auth_service.job_queue import JobQueue
from auth_service.login import Login
from auth_service.new_passwords import NewPasswords
from auth_service.oidc_logins import OidcLogins
from auth_service.own_factors import OwnFactors
from auth_service.passkey_login import PasskeyLogin
from auth_service.password_changes import PasswordChanges
from auth_service.password_routes import add_password_routes
from auth_service.profile import Profile
from auth_service.provider_routes import add_provider_routes
from auth_service.registration import Registration
from auth_service.second_factor_routes import (
    add_passkey_login_routes,
    add_second_factor_routes,
    add_step_up_routes,
)
from auth_service.security_events import SecurityEvents, log_to
from auth_service.service_account_routes import add_service_account_routes
from auth_service.service_accounts import ServiceAccounts
from auth_service.session_routes import add_session_routes
from auth_service.sessions import Sessions
from auth_service.settings import AuthSettings
from auth_service.step_up import StepUp
from auth_service.user_routes import add_user_routes
from auth_service.worker import Worker
from chalice.app import CloudWatchEvent, Rate

from contracts.access_token import LIFETIME_S
from contracts.jwks import CLOCK_SKEW_S
from functions.serverless import aws
from functions.serverless.client_addresses import ClientAddresses
from functions.serverless.jobs import Jobs, QueuedJob
from functions.serverless.mailers import mailer_of
from functions.serverless.redis_limits import Limits
from functions.serverless.sealing import Sealing
from functions.serverless.service import Limiting, Service
from functions.serverless.signing_keys import SigningKeys
from functions.serverless.started_functions import StartedFunction
from telemetry import spans
from telemetry.logs import service_logger

settings = AuthSettings.from_environ(os.environ)
logger = service_logger("auth")
spans.configure("auth")
providers = ProviderSettings(
    setting=settings.providers,
    secret_id=settings.providers_secret,
    client=aws.secrets_client,
    clock=time.time,
    logger=logger,
)
roles = Roles(
    administrators=frozenset(settings.administrators),
    default=settings.default_role,
    grants=providers.grants_role,
)
second_factors = SecondFactorPolicy(demand=settings.second_factor, roles=roles, asks=providers.asks_second_factor)
table = Table(aws.dynamodb_client, settings.table)
services_table = ServiceAccountsTable(table)
limits = Limits(settings.redis_url, clock=time.time, logger=logger)
jobs = Jobs(aws.dynamodb_client, settings.table, QueuedJob[Job])
queue = JobQueue(
    jobs=jobs,
    function=StartedFunction(aws.lambda_client, settings.jobs_function, logger=logger),
    limits=limits,
    sends_mail=settings.mail != "off",
    clock=time.time,
    randomness=os.urandom,
)
announcements = Announcements(
    queue=queue,
    standings=Standings(settings.redis_url),
    function=AccountsFunction(aws.lambda_client, settings.accounts_function),
    roles=roles,
    find=functools.partial(read_account, table),
    find_service=services_table.find,
    is_on=bool(settings.redis_url or settings.accounts_function),
    logger=logger,
)
accounts = AccountsTable(
    table, clock=time.time, announcing=announcements, other_administrators=bool(settings.administrators)
)
sessions_table = SessionsTable(table, announcing=announcements)
links = LinksTable(table)
requests = RequestsTable(table, clock=time.time)
audit = AuditTable(
    table,
    kept_days=settings.audit_kept_days,
    addresses=settings.audit_addresses,
    clock=time.time,
    randomness=os.urandom,
)
events = SecurityEvents(log_to(logger), audit=audit, clock=time.time)
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
new_passwords = NewPasswords(passwords=passwords, min_length=settings.password_min_length, site=settings.site)
access_tokens = AccessTokens(
    sessions=sessions_table,
    services=services_table,
    signing_keys=signing_keys,
    issuer=settings.issuer,
    roles=roles,
    second_factors=second_factors,
    clock=time.time,
    randomness=os.urandom,
)
sessions = Sessions(
    accounts=accounts,
    sessions=sessions_table,
    access_tokens=access_tokens,
    lifetimes=Lifetimes(idle_s=settings.session_idle_s, max_s=settings.session_max_s, grace_s=settings.refresh_grace_s),
    events=events,
    clock=time.time,
    randomness=os.urandom,
)
devices = DevicesTable(table, clock=time.time, randomness=os.urandom)
guessing = Guessing(limits=limits, devices=devices, events=events)
sealing = Sealing(
    client=aws.secrets_client,
    secret_id=settings.sealing_secret,
    purpose="totp",
    clock=time.time,
    randomness=os.urandom,
    logger=logger,
)
checks = FactorChecks(
    party=relying_party(settings.page),
    sealing=sealing,
    guessing=guessing,
    jobs=queue,
    events=events,
    clock=time.time,
)
login_steps = LoginStepsTable(table)
ceremonies = Ceremonies(table=login_steps, clock=time.time, randomness=os.urandom)
entry = Entry(
    accounts=accounts,
    steps=login_steps,
    checks=checks,
    sessions=sessions,
    guessing=guessing,
    events=events,
    clock=time.time,
    randomness=os.urandom,
)
logins = Login(accounts=accounts, passwords=passwords, entry=entry, guessing=guessing, events=events)
passkey_login = PasskeyLogin(accounts=accounts, ceremonies=ceremonies, checks=checks, sessions=sessions, events=events)
step_up = StepUp(
    table=table,
    accounts=accounts,
    sessions=sessions_table,
    access_tokens=access_tokens,
    logins=logins,
    checks=checks,
    ceremonies=ceremonies,
    events=events,
    clock=time.time,
)
own_factors = OwnFactors(
    accounts=accounts,
    sessions=sessions_table,
    ceremonies=ceremonies,
    checks=checks,
    sealing=sealing,
    policy=second_factors,
    jobs=queue,
    events=events,
    site=settings.site,
    clock=time.time,
    randomness=os.urandom,
)
registration = Registration(
    accounts=accounts,
    links=links,
    passwords=passwords,
    new_passwords=new_passwords,
    sessions=sessions,
    jobs=queue,
    events=events,
    roles=roles,
    clock=time.time,
    randomness=os.urandom,
)
password_changes = PasswordChanges(
    accounts=accounts,
    sessions=sessions_table,
    links=links,
    requests=requests,
    logins=logins,
    step_up=step_up,
    passwords=passwords,
    new_passwords=new_passwords,
    jobs=queue,
    events=events,
    clock=time.time,
)
initial_passwords = InitialPasswords(accounts=accounts, logins=logins, new_passwords=new_passwords, events=events)
address_changes = AddressChanges(
    accounts=accounts,
    links=links,
    limits=limits,
    new_passwords=new_passwords,
    jobs=queue,
    events=events,
    clock=time.time,
    randomness=os.urandom,
)
profile = Profile(accounts=accounts, links=links, jobs=queue, events=events)
worker = Worker(
    table=table,
    jobs=jobs,
    accounts=accounts,
    services=services_table,
    links=links,
    announcements=announcements,
    mailer=mailer_of(settings.mail, sender=settings.mail_from, smtp_url=settings.mail_smtp_url, ses=aws.ses_client),
    page=settings.page,
    site=settings.site,
    clock=time.time,
    randomness=os.urandom,
    logger=logger,
)
external = ExternalLogin(
    accounts=accounts,
    identities=IdentitiesTable(table),
    jobs=queue,
    events=events,
    roles=roles,
    clock=time.time,
    randomness=os.urandom,
)
oidc = OidcLogins(
    providers=providers,
    attempts=AttemptsTable(table),
    accounts=accounts,
    external=external,
    sessions=sessions,
    entry=entry,
    events=events,
    base=settings.issuer,
    clock=time.time,
    randomness=os.urandom,
)
directories = DirectoryLogins(providers=providers, external=external, entry=entry, guessing=guessing, events=events)
answers = Answers(
    roles=roles,
    second_factors=second_factors,
    cookie_max_age_s=settings.session_idle_s,
    secure_cookies=settings.secure_cookies,
)
service_accounts = ServiceAccounts(
    table=services_table,
    requests=requests,
    access_tokens=access_tokens,
    announcements=announcements,
    jobs=queue,
    events=events,
    clock=time.time,
    randomness=os.urandom,
)
administration = Administration(
    accounts=accounts,
    requests=requests,
    new_passwords=new_passwords,
    roles=roles,
    jobs=queue,
    events=events,
    clock=time.time,
    randomness=os.urandom,
)
quotas = settings.quotas()
app = Service(
    "parley-auth",
    logger=logger,
    is_outage=aws.is_outage,
    verify=access_tokens.verify,
    check_fresh=step_up.check,
    addresses=ClientAddresses(trusted_proxies=settings.trusted_proxies, edge_secret=settings.edge_secret),
    limiting=Limiting(limits=limits, quotas=quotas, of_a_bearer=quotas["bearer"]),
)

add_registration_routes(app, registration=registration, answers=answers)
add_session_routes(app, logins=logins, sessions=sessions, access_tokens=access_tokens, answers=answers)
add_second_factor_routes(app, entry=entry, answers=answers)
add_passkey_login_routes(app, passkeys=passkey_login, answers=answers)
add_step_up_routes(app, step_up=step_up, access_tokens=access_tokens, answers=answers)
add_factor_routes(app, factors=own_factors, access_tokens=access_tokens, answers=answers)
add_passkey_routes(app, factors=own_factors, access_tokens=access_tokens, answers=answers)
add_account_routes(app, profile=profile, sessions=sessions, access_tokens=access_tokens, answers=answers)
add_address_routes(app, addresses=address_changes, access_tokens=access_tokens, answers=answers)
add_password_routes(app, passwords=password_changes, access_tokens=access_tokens, answers=answers)
add_provider_routes(
    app,
    providers=providers,
    oidc=oidc,
    directories=directories,
    answers=answers,
    app_redirects=settings.app_redirects,
)
add_identity_routes(
    app,
    access_tokens=access_tokens,
    oidc=oidc,
    directories=directories,
    external=external,
    answers=answers,
)
add_initial_password_route(app, initial_passwords=initial_passwords, answers=answers)
add_user_routes(app, administration=administration, sessions=sessions, roles=roles, step_up=step_up, answers=answers)
add_service_account_routes(app, service_accounts=service_accounts, answers=answers)
add_audit_routes(app, audit=audit, events=events, answers=answers)
add_discovery_routes(app, signing_keys=signing_keys, settings=settings, answers=answers)


@app.lambda_function(name="appoint")
def appoint_administrator(event: dict[str, Any], _context: Any) -> dict[str, str]:
    """Makes the account with the address in ``{"email": …}`` an administrator. For who runs the platform."""
    account = administration.appoint(str(event["email"]))
    return {"id": account.id, "email": account.email, "role": roles.of(account).value}


@app.lambda_function(name="jobs")
def do_job(event: dict[str, Any], _context: Any) -> None:
    """Does the job ``{"job_id": …}``, which has just been queued."""
    worker.work(str(event["job_id"]))


@app.schedule(Rate(1, unit=Rate.MINUTES), name="waiting-jobs")
def do_waiting_jobs(_: CloudWatchEvent) -> None:
    """Does the jobs that could not be done at once."""
    worker.work_off()


@app.schedule(Rate(1, unit=Rate.HOURS), name="rotate-signing-keys")
def rotate_signing_keys(_: CloudWatchEvent) -> None:
    """Publishes the next signing key when it is time, and drops the keys whose last token has expired."""
    signing_keys.rotate()
