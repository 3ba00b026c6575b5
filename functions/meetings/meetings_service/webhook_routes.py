"""The routes of webhooks and their deliveries."""

from __future__ import annotations

import msgspec
from msgspec import UNSET

from contracts.access_control import Permission
from contracts.error_codes import ErrorCode
from functions.serverless.preconditions import etag_of
from functions.serverless.requests import Call, Empty, given
from functions.serverless.service import Answer, Service
from functions.serverless.times import rfc3339, rfc3339_if_known
from meetings_service import webhook_bodies as bodies
from meetings_service.audit import Audited
from meetings_service.domain import deliveries, webhooks
from meetings_service.webhooks import Webhooks

_ALL = "/v1/meetings/webhooks"
_ONE = f"{_ALL}/{{webhook_id}}"
_DELIVERIES = f"{_ONE}/deliveries"
_ERRORS = (ErrorCode.NOT_FOUND, ErrorCode.KEYS_UNAVAILABLE)


def add_webhook_routes(app: Service, service: Webhooks) -> None:
    """Registers the routes."""
    _add_webhooks(app, service)
    _add_changes(app, service)
    _add_deliveries(app, service)
    _add_sending(app, service)


def _add_webhooks(app: Service, service: Webhooks) -> None:
    @app.operation(
        "POST",
        _ALL,
        summary="Make a webhook: messages to an address of yours, signed as Standard Webhooks has it",
        access=Permission.WEBHOOKS_WRITE,
        body=bodies.WebhookBody,
        answer=bodies.NewWebhook,
        status=201,
        errors=(ErrorCode.CONFLICT, ErrorCode.KEYS_UNAVAILABLE),
        idempotency_key=True,
        audited=Audited.WEBHOOK_MADE,
    )
    def create_webhook(call: Call[bodies.WebhookBody, Empty]) -> Answer[bodies.NewWebhook]:
        made = service.make(
            call.caller,
            url=call.body.url,
            events=call.body.events,
            description=call.body.description,
            of_organisation=call.body.meetings == "all",
            request_key=call.idempotency_key(),
        )
        return Answer(
            body=_with_secret(made, service.secret_of(made)), headers={"Location": f"{_ALL}/{made.id}", **_etag(made)}
        )

    @app.operation(
        "GET",
        _ALL,
        summary="One's own webhooks, for administrators those of the organisation, too",
        access=Permission.WEBHOOKS_READ,
        answer=bodies.WebhookList,
        errors=(ErrorCode.KEYS_UNAVAILABLE,),
    )
    def list_webhooks(call: Call[Empty, Empty]) -> Answer[bodies.WebhookList]:
        return Answer(body=bodies.WebhookList(items=tuple(map(_shown, service.list_of(call.caller)))))

    @app.operation(
        "GET",
        _ONE,
        summary="A webhook, without its secret",
        access=Permission.WEBHOOKS_READ,
        answer=bodies.Webhook,
        errors=_ERRORS,
    )
    def read_webhook(call: Call[Empty, Empty]) -> Answer[bodies.Webhook]:
        webhook = service.find(call.caller, call.path["webhook_id"])
        return Answer(body=_shown(webhook), headers=_etag(webhook))


def _add_changes(app: Service, service: Webhooks) -> None:
    @app.operation(
        "PATCH",
        _ONE,
        summary="Change a webhook, turn it off, or on again",
        access=Permission.WEBHOOKS_WRITE,
        body=bodies.WebhookChangeBody,
        answer=bodies.Webhook,
        errors=(*_ERRORS, ErrorCode.PRECONDITION_FAILED),
        audited=Audited.WEBHOOK_CHANGED,
    )
    def change_webhook(call: Call[bodies.WebhookChangeBody, Empty]) -> Answer[bodies.Webhook]:
        changed = {name: value for name, value in msgspec.structs.asdict(call.body).items() if value is not UNSET}
        webhook = service.change(call.caller, call.path["webhook_id"], changed, call.headers)
        return Answer(body=_shown(webhook), headers=_etag(webhook))

    @app.operation(
        "DELETE",
        _ONE,
        summary="Delete a webhook, with the log of its deliveries",
        access=Permission.WEBHOOKS_WRITE,
        answer=None,
        status=204,
        errors=_ERRORS,
        audited=Audited.WEBHOOK_DELETED,
    )
    def delete_webhook(call: Call[Empty, Empty]) -> Answer[None]:
        service.delete(call.caller, call.path["webhook_id"])
        return Answer(body=None)

    @app.operation(
        "POST",
        f"{_ONE}/rotate-secret",
        summary="Give a webhook another secret; for a day messages are signed with both",
        access=Permission.WEBHOOKS_WRITE,
        answer=bodies.NewWebhook,
        errors=_ERRORS,
        audited=Audited.WEBHOOK_SECRET_ROTATED,
    )
    def rotate_webhook_secret(call: Call[Empty, Empty]) -> Answer[bodies.NewWebhook]:
        webhook = service.rotate(call.caller, call.path["webhook_id"])
        return Answer(body=_with_secret(webhook, service.secret_of(webhook)), headers=_etag(webhook))


def _add_deliveries(app: Service, service: Webhooks) -> None:
    @app.operation(
        "GET",
        _DELIVERIES,
        summary="What a webhook was told of the last 30 days, the latest first",
        access=Permission.WEBHOOKS_READ,
        query=bodies.DeliveriesQuery,
        answer=bodies.DeliveryPage,
        errors=_ERRORS,
    )
    def list_deliveries(call: Call[Empty, bodies.DeliveriesQuery]) -> Answer[bodies.DeliveryPage]:
        query = call.query
        page = service.deliveries(
            call.caller,
            call.path["webhook_id"],
            cursor=given(query.cursor),
            limit=query.limit,
            state=None if query.state is UNSET else deliveries.DeliveryState(query.state),
        )
        items = tuple(map(_listed, page.deliveries))
        return Answer(body=bodies.DeliveryPage(items=items, next_cursor=page.next_cursor))

    @app.operation(
        "GET",
        f"{_DELIVERIES}/{{delivery_id}}",
        summary="A delivery: the message, and every attempt to bring it",
        access=Permission.WEBHOOKS_READ,
        answer=bodies.Delivery,
        errors=_ERRORS,
    )
    def read_delivery(call: Call[Empty, Empty]) -> Answer[bodies.Delivery]:
        return Answer(body=_whole(service.delivery(call.caller, call.path["webhook_id"], call.path["delivery_id"])))


def _add_sending(app: Service, service: Webhooks) -> None:
    @app.operation(
        "POST",
        f"{_ONE}/test",
        summary="Send a test message, once; also to a webhook that is turned off",
        access=Permission.WEBHOOKS_WRITE,
        answer=bodies.Delivery,
        status=202,
        errors=_ERRORS,
        audited=Audited.WEBHOOK_TESTED,
    )
    def test_webhook(call: Call[Empty, Empty]) -> Answer[bodies.Delivery]:
        return Answer(body=_whole(service.test(call.caller, call.path["webhook_id"])))

    @app.operation(
        "POST",
        f"{_DELIVERIES}/{{delivery_id}}/redeliver",
        summary="Send a message again, with the same id",
        access=Permission.WEBHOOKS_WRITE,
        answer=bodies.Delivery,
        status=202,
        errors=_ERRORS,
        audited=Audited.WEBHOOK_REDELIVERED,
    )
    def redeliver(call: Call[Empty, Empty]) -> Answer[bodies.Delivery]:
        return Answer(body=_whole(service.send_again(call.caller, call.path["webhook_id"], call.path["delivery_id"])))

    @app.operation(
        "POST",
        f"{_ONE}/redeliver",
        summary="Send all messages again that were given up, since some time",
        access=Permission.WEBHOOKS_WRITE,
        body=bodies.RedeliverBody,
        answer=bodies.Redelivered,
        status=202,
        errors=_ERRORS,
        audited=Audited.WEBHOOK_REDELIVERED,
    )
    def redeliver_failed(call: Call[bodies.RedeliverBody, Empty]) -> Answer[bodies.Redelivered]:
        since = int(call.body.since.timestamp() * 1000)
        count, more = service.send_all_again(call.caller, call.path["webhook_id"], since=since)
        return Answer(body=bodies.Redelivered(count=count, more=more))


# ---- how things are shown ----


def _shown(webhook: webhooks.Webhook) -> bodies.Webhook:
    return bodies.Webhook(
        id=webhook.id,
        url=webhook.url,
        events=webhook.events,
        description=webhook.description,
        meetings="all" if webhook.owner == webhooks.ORGANISATION else "own",
        enabled=webhook.disabled_because is None,
        disabled_because=webhook.disabled_because,
        disabled_at=rfc3339_if_known(webhook.disabled_at),
        failing_since=rfc3339_if_known(webhook.failing_since),
        last_error=webhook.last_error,
        previous_secret_until=rfc3339_if_known(webhook.secrets[-1].until),
        last_delivery=None if webhook.last_delivery is None else _listed(webhook.last_delivery),
        created_at=rfc3339(webhook.created_at),
    )


def _with_secret(webhook: webhooks.Webhook, secret: str) -> bodies.NewWebhook:
    return bodies.NewWebhook(secret=secret, **msgspec.structs.asdict(_shown(webhook)))


def _etag(webhook: webhooks.Webhook) -> dict[str, str]:
    return {"ETag": etag_of(webhook.version)}


def _listed(told: deliveries.Delivery | deliveries.LastDelivery) -> bodies.ListedDelivery:
    return bodies.ListedDelivery(
        id=told.id,
        event=told.event,
        state=told.state,
        created_at=rfc3339(told.at),
        next_attempt_at=rfc3339_if_known(told.next_at),
        attempt_count=told.attempt_count,
        last_attempt=None if told.attempt is None else _attempt(told.attempt),
    )


def _whole(delivery: deliveries.Delivery) -> bodies.Delivery:
    return bodies.Delivery(
        attempts=tuple(map(_attempt, delivery.attempts)),
        payload=msgspec.json.decode(delivery.body, type=dict),
        **msgspec.structs.asdict(_listed(delivery)),
    )


def _attempt(attempt: deliveries.Attempt) -> bodies.Attempt:
    return bodies.Attempt(
        at=rfc3339(attempt.at),
        duration_ms=attempt.ms,
        status=attempt.status,
        error=attempt.error,
        excerpt=attempt.answer,
    )
