"""The meeting service's edge and composition root: routes, the facts function, and the parts put together."""

from __future__ import annotations

import os
import random
import time
from typing import Any

import msgspec
from chalice.app import CloudWatchEvent, Rate
from meetings_service.accounts import Accounts
from meetings_service.adapters.auth_keys import AuthKeys
from meetings_service.adapters.broker import Broker
from meetings_service.adapters.closed_accounts import ClosedAccounts
from meetings_service.adapters.contacts import Contacts
from meetings_service.adapters.feeds import Feeds
from meetings_service.adapters.histories import Histories
from meetings_service.adapters.invitees import Invitees
from meetings_service.adapters.kept_sessions import KeptSessions
from meetings_service.adapters.lists import Lists
from meetings_service.adapters.live_rooms import LiveRooms
from meetings_service.adapters.prepared import Prepared
from meetings_service.adapters.recordings_bucket import RecordingsBucket
from meetings_service.adapters.recordings_table import RecordingsTable
from meetings_service.adapters.records import Records
from meetings_service.adapters.reminders import Reminders
from meetings_service.adapters.repository import Repository
from meetings_service.adapters.rooms import Rooms
from meetings_service.adapters.set_aside_facts import SetAsideFacts
from meetings_service.adapters.stream_keys import StreamKeys
from meetings_service.adapters.traces import Traces
from meetings_service.adapters.usage_table import UsageTable
from meetings_service.adapters.webhooks_table import WebhooksTable
from meetings_service.administration import Administration
from meetings_service.api_description import DESCRIPTION
from meetings_service.audit import Audit, Audited, add_audit_route
from meetings_service.calendar_feeds import CalendarFeeds
from meetings_service.calendar_routes import add_calendar_routes
from meetings_service.conflicts import Conflicts
from meetings_service.domain.deliveries import ANSWER_BYTES
from meetings_service.domain.notices import Job
from meetings_service.domain.recordings import least_days
from meetings_service.facts import FactsConsumer
from meetings_service.follow_ups import FollowUps
from meetings_service.history import History
from meetings_service.history_routes import add_history_routes
from meetings_service.invitation_routes import add_invitation_routes
from meetings_service.invitations import Invitations
from meetings_service.joining import PREVIOUS_TOKEN_S, Joining
from meetings_service.jwks_route import add_jwks_route
from meetings_service.mailing import Mailing
from meetings_service.meeting_routes import add_meeting_routes
from meetings_service.notes_routes import add_notes_routes
from meetings_service.notices import Notices
from meetings_service.organisation_routes import add_organisation_routes
from meetings_service.outbox import Outbox
from meetings_service.own_records import OwnRecords, add_own_records_route
from meetings_service.passcodes import PasscodeGuessing
from meetings_service.people import People
from meetings_service.people_routes import add_people_routes
from meetings_service.personal_room_routes import add_personal_room_routes
from meetings_service.personal_rooms import PersonalRooms
from meetings_service.postman import DEADLINE_S, Postman
from meetings_service.prepared_routes import add_prepared_routes
from meetings_service.recording_routes import add_recording_routes
from meetings_service.recordings import Recordings
from meetings_service.recordings_upkeep import RecordingsUpkeep
from meetings_service.reminding import Reminding
from meetings_service.retention import Retention
from meetings_service.room_audit import RoomAudit
from meetings_service.room_routes import add_room_routes
from meetings_service.scheduling import Meetings
from meetings_service.series import Series
from meetings_service.series_routes import add_series_routes
from meetings_service.set_aside_routes import add_set_aside_routes
from meetings_service.settings import MeetingsSettings
from meetings_service.stream_key_routes import add_stream_key_routes
from meetings_service.streaming import Streaming
from meetings_service.usage import Usage
from meetings_service.usage_routes import add_usage_routes
from meetings_service.webhook_routes import add_webhook_routes
from meetings_service.webhook_secrets import WebhookSecrets
from meetings_service.webhooks import Webhooks

from contracts.jwks import CLOCK_SKEW_S
from contracts.meeting_token import LIFETIME_S
from contracts.stream_keys import stream_key_answer
from functions.serverless import aws
from functions.serverless.audit_table import AuditTable
from functions.serverless.client_addresses import ClientAddresses
from functions.serverless.document_routes import add_document_routes
from functions.serverless.jobs import Jobs, QueuedJob
from functions.serverless.mailers import mailer_of
from functions.serverless.outbound import Outbound
from functions.serverless.redis_limits import Limits
from functions.serverless.sealing import Sealing
from functions.serverless.service import Limiting, Service
from functions.serverless.signing_keys import SigningKeys
from functions.serverless.standings import StandingCheck
from functions.serverless.started_functions import StartedFunction
from telemetry import spans
from telemetry.logs import service_logger

JOBS_FOR_S = 8.0
"""So long an invocation begins jobs: one that is cut off in a mail would send it twice."""
RECORDINGS_FOR_S = 8.0
"""So long a run begins to look after recordings: the last one needs time, too."""
settings = MeetingsSettings.from_environ(os.environ)
logger = service_logger("meetings")
spans.configure("meetings")
auth_keys = AuthKeys(url=settings.auth_jwks_url, issuer=settings.auth_issuer, clock=time.time, logger=logger)
quotas = settings.quotas()
limits = Limits(settings.redis_url, clock=time.time, logger=logger)
audit = Audit(
    AuditTable(aws.dynamodb_client, settings.table, kept_days=settings.audit_kept_days, clock=time.time),
    addresses=settings.audit_addresses,
    clock=time.time,
    randomness=os.urandom,
    logger=logger,
)
app = Service(
    "parley-meetings",
    logger=logger,
    is_outage=aws.is_outage,
    verify=auth_keys.verify,
    audit=audit.request,
    addresses=ClientAddresses(trusted_proxies=settings.trusted_proxies, edge_secret=settings.edge_secret),
    limiting=Limiting(
        limits=limits,
        quotas=quotas,
        of_a_bearer=quotas["bearer"],
        standings=StandingCheck(logger=logger),
    ),
)
signing_keys = SigningKeys(
    client=aws.secrets_client,
    secret_id=settings.signing_secret,
    token_lifetime_s=LIFETIME_S + PREVIOUS_TOKEN_S + CLOCK_SKEW_S,
    clock=time.time,
    logger=logger,
)
repository = Repository(aws.dynamodb_client, settings.table)
broker = Broker(settings.redis_url, patience_s=settings.room_patience_s)
rooms = Rooms(broker)
recordings_table = RecordingsTable(repository.table)
recordings_bucket = RecordingsBucket(
    aws.s3_client, lambda: aws.s3_signer(settings.recordings_url), settings.recordings_bucket
)
records = Records(repository, recordings_table)
lists = Lists(repository.table)
webhooks_table = WebhooksTable(repository.table)
outbox = Outbox(
    table=webhooks_table,
    records=records,
    function=StartedFunction(aws.lambda_client, settings.deliveries_function, logger=logger),
    clock=time.time,
)
invitees = Invitees(repository.table)
contacts = Contacts(repository.table)
jobs = Jobs(aws.dynamodb_client, settings.table, QueuedJob[Job])
notices = Notices(
    jobs=jobs,
    repository=repository,
    function=StartedFunction(aws.lambda_client, settings.jobs_function, logger=logger),
    invitees=invitees,
    contacts=contacts,
    limits=limits,
    sends_mail=settings.mail != "off",
    mails_per_day=settings.mails_per_day,
    clock=time.time,
    randomness=os.urandom,
    logger=logger,
)
prepared = Prepared(repository.table)
follow_ups = FollowUps(
    jobs=jobs,
    repository=repository,
    invitees=invitees,
    prepared=prepared,
    outbox=outbox,
    clock=time.time,
    logger=logger,
)
reminding = Reminding(
    reminders=Reminders(repository.table), repository=repository, notices=notices, clock=time.time, logger=logger
)
meetings = Meetings(
    repository=repository,
    prepared=prepared,
    lists=lists,
    records=records,
    rooms=rooms,
    outbox=outbox,
    invitees=invitees,
    follow_ups=follow_ups,
    notices=notices,
    reminding=reminding,
    clock=time.time,
    randomness=os.urandom,
    logger=logger,
)
personal_rooms = PersonalRooms(meetings=meetings, repository=repository)
invitations = Invitations(
    meetings=meetings,
    invitees=invitees,
    contacts=contacts,
    notices=notices,
    clock=time.time,
    randomness=os.urandom,
    logger=logger,
)
mailing = Mailing(
    jobs=jobs,
    notices=notices,
    follow_ups=follow_ups,
    repository=repository,
    invitees=invitees,
    contacts=contacts,
    mailer=mailer_of(settings.mail, sender=settings.mail_from, smtp_url=settings.mail_smtp_url, ses=aws.ses_client),
    sender=settings.mail_from,
    page=settings.public_url,
    site=settings.site,
    clock=time.time,
    logger=logger,
)
series = Series(
    meetings=meetings,
    repository=repository,
    invitees=invitees,
    follow_ups=follow_ups,
    notices=notices,
    clock=time.time,
    randomness=os.urandom,
    logger=logger,
)
conflicts = Conflicts(lists, clock=time.time)
calendar_feeds = CalendarFeeds(
    feeds=Feeds(repository.table),
    lists=lists,
    contacts=contacts,
    limits=limits,
    page=settings.public_url,
    site=settings.site,
    sender=settings.organiser_address,
    clock=time.time,
    randomness=os.urandom,
)
recordings = Recordings(
    meetings=meetings, table=recordings_table, bucket=recordings_bucket, outbox=outbox, clock=time.time, logger=logger
)


def recordings_kept_days() -> int | None:
    """How long recordings are kept now, by the organisation's policy and the bucket's."""
    return least_days(repository.organisation().recordings_days, settings.recordings_kept_days)


recordings_upkeep = RecordingsUpkeep(
    recordings=recordings,
    table=recordings_table,
    bucket=recordings_bucket,
    kept_days=recordings_kept_days,
    expired=lambda about: audit.by_itself(Audited.RECORDING_EXPIRED, about),
    clock=time.time,
    logger=logger,
)
people = People(
    meetings=meetings,
    repository=repository,
    invitees=invitees,
    contacts=contacts,
    notices=notices,
    records=records,
    rooms=rooms,
    clock=time.time,
    logger=logger,
)
joining = Joining(
    meetings=meetings,
    passcodes=PasscodeGuessing(limits),
    signing_keys=signing_keys,
    issuer=settings.issuer,
    clock=time.time,
    randomness=os.urandom,
    logger=logger,
)
administration = Administration(meetings=meetings, rooms=rooms, live_rooms=LiveRooms(broker), logger=logger)
closed_accounts = ClosedAccounts(repository.table)
streaming = Streaming(
    meetings=meetings,
    closed=closed_accounts,
    keys=StreamKeys(aws.dynamodb_client, settings.table),
    rooms=rooms,
    issuer=settings.issuer,
    clock=time.time,
    randomness=os.urandom,
    logger=logger,
)
outbound = Outbound(reach=settings.webhook_reach, deadline_s=DEADLINE_S, max_bytes=ANSWER_BYTES)
webhook_secrets = WebhookSecrets(
    Sealing(
        client=aws.secrets_client,
        secret_id=settings.sealing_secret,
        purpose="webhook",
        clock=time.time,
        randomness=os.urandom,
        logger=logger,
    )
)
webhooks = Webhooks(
    table=webhooks_table,
    outbox=outbox,
    outbound=outbound,
    secrets=webhook_secrets,
    clock=time.time,
    randomness=os.urandom,
    logger=logger,
)
postman = Postman(
    table=webhooks_table,
    outbox=outbox,
    outbound=outbound,
    secrets=webhook_secrets,
    clock=time.time,
    chance=random.random,
    logger=logger,
)
retention = Retention(sessions=KeptSessions(repository.table), repository=repository, clock=time.time, logger=logger)
set_aside_facts = SetAsideFacts(repository.table)
usage_table = UsageTable(repository.table)
consumer = FactsConsumer(
    records=records,
    usage=Usage(records=records, table=usage_table),
    outbox=outbox,
    audit=RoomAudit(audit, records),
    set_aside=set_aside_facts,
    clock=time.time,
    logger=logger,
)
accounts = Accounts(
    meetings=meetings,
    repository=repository,
    traces=Traces(repository.table),
    webhooks=webhooks,
    recordings=recordings_table,
    usage=usage_table,
    closed=closed_accounts,
    clock=time.time,
    logger=logger,
)


@app.lambda_function(name="facts")
def facts(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Takes a `contracts.facts.FactBatch`, answers a `contracts.facts.FactsAccepted`."""
    answer: dict[str, Any] = msgspec.to_builtins(consumer.take(event))
    return answer


@app.lambda_function(name="accounts")
def account_news(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Takes a `contracts.account_standing.AccountNews`, answers a `contracts.account_standing.AccountNewsTaken`."""
    taken: dict[str, Any] = msgspec.to_builtins(accounts.take(event))
    return taken


@app.lambda_function(name="stream-keys")
def stream_keys(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Takes a `contracts.stream_keys.StreamKeyShown`, answers a `contracts.stream_keys.StreamKeyAnswer`."""
    return stream_key_answer(streaming.open(event))


@app.lambda_function(name="deliveries")
def deliver(event: dict[str, Any], _context: Any) -> None:
    """Sends the deliveries ``{"deliveries": [[webhook id, message id], …]}``, which have just been put down."""
    postman.work([(str(webhook_id), str(message_id)) for webhook_id, message_id in event["deliveries"]])


@app.schedule(Rate(1, unit=Rate.MINUTES), name="waiting-deliveries")
def deliver_waiting(_: CloudWatchEvent) -> None:
    """Sends the deliveries whose time has come, and those that could not be sent at once."""
    postman.work_off()


@app.lambda_function(name="jobs")
def do_jobs(event: dict[str, Any], _context: Any) -> None:
    """Does the jobs ``{"job_ids": […]}``, which have just been queued."""
    for job_id in event["job_ids"]:
        mailing.work(str(job_id))


@app.schedule(Rate(1, unit=Rate.MINUTES), name="waiting-jobs")
def do_waiting_jobs(_: CloudWatchEvent) -> None:
    """Does the jobs that could not be done at once."""
    mailing.work_off(for_s=JOBS_FOR_S)


@app.schedule(Rate(1, unit=Rate.MINUTES), name="remind")
def remind(_: CloudWatchEvent) -> None:
    """Promises the mails of the reminders that are due."""
    reminding.remind(for_s=JOBS_FOR_S)


@app.schedule(Rate(1, unit=Rate.HOURS), name="forget-histories")
def forget_histories(_: CloudWatchEvent) -> None:
    """Deletes what sessions have left behind and the organisation keeps no longer."""
    retention.run()


@app.schedule(Rate(5, unit=Rate.MINUTES), name="recordings")
def look_after_recordings(_: CloudWatchEvent) -> None:
    """Sees which recordings are ready, deletes those that were kept long enough, and finishes deletions."""
    recordings_upkeep.run(for_s=RECORDINGS_FOR_S)


@app.schedule(Rate(1, unit=Rate.HOURS), name="rotate-signing-keys")
def rotate_signing_keys(_: CloudWatchEvent) -> None:
    """Publishes the next signing key when it is time, and drops the keys whose last token has expired."""
    signing_keys.rotate()


add_jwks_route(app, signing_keys)
add_meeting_routes(
    app, meetings=meetings, joining=joining, conflicts=conflicts, recordings=recordings, settings=settings
)
add_personal_room_routes(app, personal_rooms, public_url=settings.public_url)
add_series_routes(app, series, public_url=settings.public_url)
add_calendar_routes(app, calendar_feeds, conflicts)
add_invitation_routes(app, invitations=invitations, contacts=contacts, public_url=settings.public_url)
add_organisation_routes(app, repository, sends_mail=notices.sends_mail)
add_audit_route(app, audit)
add_people_routes(app, people, public_url=settings.public_url)
add_prepared_routes(app, prepared, meetings=meetings, invitees=invitees, randomness=os.urandom, logger=logger)
add_recording_routes(app, recordings, records=records, kept_days=recordings_kept_days)
history = History(histories=Histories(repository), clock=time.time, logger=logger)
add_history_routes(app, history)
add_notes_routes(app, history)
own_records = OwnRecords(lists=lists, records=records, history=history, recordings=recordings_table)
add_own_records_route(app, own_records)
add_room_routes(app, administration)
add_set_aside_routes(app, set_aside_facts, consumer)
add_usage_routes(app, usage_table, clock=time.time)
add_stream_key_routes(app, streaming, public_url=settings.public_url)
add_webhook_routes(app, webhooks)
add_document_routes(app, "/v1/meetings", DESCRIPTION)
