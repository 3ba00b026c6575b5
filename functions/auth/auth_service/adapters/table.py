"""The DynamoDB table ``PARLEY_AUTH_TABLE``: its keys, and reading one item.

The table (``infra/data.yaml``): partition key ``pk`` (S), sort key ``sk`` (S); one index ``gsi1`` with ``gsi1pk`` (S)
and ``gsi1sk`` (S), all attributes projected; time to live in ``expires_at`` (N, seconds since the epoch); billed by
request; point-in-time recovery.

| Item    | pk                | sk        | gsi1pk          | gsi1sk                    | expires_at |
|---------|-------------------|-----------|-----------------|---------------------------|------------|
| Account | ``USER#<id>``     | ACCOUNT   | ``USERS``       | ``<e-mail>``              |            |
| Address | ``EMAIL#<e-mail>``| ADDRESS   |                 |                           | if former  |
| Session | ``SESSION#<sid>`` | SESSION   | ``USER#<id>``   | ``SESSION#<created_at>``  | yes        |
| Link    | ``LINK#<hash>``   | LINK      | ``USER#<id>``   | ``LINK#<created_at>``     | yes        |
| Job     | ``JOB#<id>``      | JOB       | ``JOBS``        | ``<created_at>``          | yes        |
| Identity | ``IDENTITY#<provider>#<subject>`` | IDENTITY | |        |                           |            |
| Device  | ``DEVICE#<hash>`` | DEVICE    | ``USER#<id>``   | ``DEVICE#<hash>``         | yes        |
| Attempt | ``ATTEMPT#<hash>``| ATTEMPT   |                 |                           | yes        |
| Request | ``REQUEST#<hash>``| REQUEST   |                 |                           | yes        |
| App code | ``APPCODE#<hash>`` | APPCODE |                |                           | yes        |
| Login   | ``LOGIN#<hash>``  | LOGIN     |                 |                           | yes        |
| Ceremony | ``CEREMONY#<hash>`` | CEREMONY |              |                           | yes        |

An address with ``expires_at`` is a former one, kept for its account: nobody logs in with it. An identity belongs to the
account that it names only as long as that account names it, too.

Access patterns:
1. Register: one transaction puts account and address, each only if its key is free, and the first session.
2. Log in: get the address by e-mail, then the account by id; one transaction of the session, what the audit log says of
   it, and the device.
3. Who is this (every request with an access token): get the account and the session by id, as one batch.
4. Refresh a session: get by sid, then one conditional update. End: one update. End all: one update of the
   account's ``session_epoch``.
5. Sessions of a user, newest first: query ``gsi1``, then get by sid.
   The first of either in a day notes in the account that it is used: one update.
6. Change an account: one transaction of the account, its addresses and identities, the link that allowed it, the jobs
   that follow, and what the audit log says of it.
7. Jobs that wait, oldest first: query ``gsi1``.
8. Log in at a provider: put an attempt; take it by state (delete, once). Get the identity, then the account by id.
   Link: one transaction of identity and account, or of identity, account and address.
9. Second factors are part of the account. Finish a login with one: get login and account, then one transaction of both
   and the session.
   A ceremony with an authenticator: put; take it by its token (delete, once).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from functions.serverless.aws import from_item, to_item
from functions.serverless.problems import UnavailableError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef as Write


class CancelledError(Exception):
    """A transaction whose conditions did not hold. ``failed``: the indices of those writes."""

    def __init__(self, failed: frozenset[int]) -> None:
        super().__init__(f"the conditions of writes {sorted(failed)} did not hold")
        self.failed = failed


class Table:
    """The table of this service. Reads are strongly consistent: what was answered once is seen by the next request."""

    def __init__(self, client: Callable[[], DynamoDBClient], name: str) -> None:
        self._client = client
        self.name = name

    @property
    def client(self) -> DynamoDBClient:
        """The client, made when first needed."""
        return self._client()

    def get(self, key: Mapping[str, str]) -> dict[str, Any] | None:
        """The item with a key, as plain values."""
        answer = self.client.get_item(TableName=self.name, Key=to_item(key), ConsistentRead=True)
        return from_item(answer["Item"]) if "Item" in answer else None

    def get_both(
        self, one: Mapping[str, str], other: Mapping[str, str]
    ) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
        """The items with two different keys, in one round trip; each as `get` reads it."""
        wanted = [to_item(one), to_item(other)]
        answer = self.client.batch_get_item(RequestItems={self.name: {"Keys": wanted, "ConsistentRead": True}})
        found = {_key_of(item): from_item(item) for item in answer["Responses"].get(self.name, [])}
        left = answer.get("UnprocessedKeys", {}).get(self.name)  # what DynamoDB had no time for
        unread = {_key_of(key) for key in left["Keys"]} if left else set[tuple[str, str]]()
        first, second = (
            self.get(key) if (key["pk"], key["sk"]) in unread else found.get((key["pk"], key["sk"]))
            for key in (one, other)
        )
        return first, second

    def keys_of(self, partition: str, *, prefix: str = "") -> Iterator[dict[str, str]]:
        """The keys of a partition of ``gsi1``, oldest first; what was written a moment ago may be missing."""
        query = self.client.get_paginator("query").paginate(
            TableName=self.name,
            IndexName="gsi1",
            KeyConditionExpression="gsi1pk = :partition AND begins_with(gsi1sk, :prefix)"
            if prefix
            else "gsi1pk = :partition",
            ExpressionAttributeValues=to_item({":partition": partition} | ({":prefix": prefix} if prefix else {})),
            ProjectionExpression="pk, sk",
        )
        for page in query:
            for item in page["Items"]:
                yield {"pk": item["pk"]["S"], "sk": item["sk"]["S"]}

    def delete(self, key: Mapping[str, str]) -> None:
        """Deletes an item, if it is there."""
        self.client.delete_item(TableName=self.name, Key=to_item(key))

    def delete_of_user(self, user_id: str) -> None:
        """Deletes a user's sessions and links, and the devices that they are known by."""
        for prefix in ("SESSION#", "LINK#", "DEVICE#"):
            for key in self.keys_of(users_partition(user_id), prefix=prefix):
                self.delete(key)

    def transact(self, writes: Sequence[Write]) -> None:
        """Does all writes or none.

        Raises:
            CancelledError: some of their conditions did not hold.
            UnavailableError: another transaction was at one of the items.
        """
        client = self.client
        try:
            client.transact_write_items(TransactItems=writes)
        except client.exceptions.TransactionCanceledException as error:
            codes = [reason.get("Code") for reason in error.response.get("CancellationReasons", [])]
            failed = frozenset(index for index, code in enumerate(codes) if code == "ConditionalCheckFailed")
            if failed:
                raise CancelledError(failed) from error
            if "TransactionConflict" in codes:
                raise UnavailableError("The account is being changed at this moment. Please try again.") from error
            raise

    # ---- the writes of transactions ----

    def put(self, item: Mapping[str, Any], condition: str = "attribute_not_exists(pk)", **values: Any) -> Write:
        """Writes a whole item; ``values`` are those of the condition, without their colons."""
        write: Write = {
            "Put": {"TableName": self.name, "Item": to_item(item), "ConditionExpression": condition},
        }
        if values:
            write["Put"]["ExpressionAttributeValues"] = to_item({f":{name}": value for name, value in values.items()})
        return write

    def update(
        self, key: Mapping[str, str], changes: Mapping[str, Any], expected: Mapping[str, Any], *, counter: str = ""
    ) -> Write:
        """Sets attributes of an item that is there, if those of ``expected`` are what was read. ``counter`` names one
        that is to be one more than it was."""
        names, values, conditions = {}, {}, ["attribute_exists(pk)"]
        sets = [f"#s{index} = :s{index}" for index in range(len(changes))]
        if counter:
            names["#c"], values[":zero"], values[":one"] = counter, 0, 1
            sets.append("#c = if_not_exists(#c, :zero) + :one")
        for index, (name, value) in enumerate(changes.items()):
            names[f"#s{index}"], values[f":s{index}"] = name, value
        for index, (name, value) in enumerate(expected.items()):
            names[f"#e{index}"], values[f":e{index}"] = name, value
            missing = f"attribute_not_exists(#e{index}) OR " if value in (None, 0, [], ()) else ""
            conditions.append(f"({missing}#e{index} = :e{index})")  # items of earlier releases lack what was added
        return {
            "Update": {
                "TableName": self.name,
                "Key": to_item(key),
                "UpdateExpression": "SET " + ", ".join(sets),
                "ConditionExpression": " AND ".join(conditions),
                "ExpressionAttributeNames": names,
                "ExpressionAttributeValues": to_item(values),
            }
        }

    def check(self, key: Mapping[str, str]) -> Write:
        """Has a transaction fail whose item is not there."""
        return {
            "ConditionCheck": {
                "TableName": self.name,
                "Key": to_item(key),
                "ConditionExpression": "attribute_exists(pk)",
            }
        }

    def remove(self, key: Mapping[str, str], condition: str, **values: Any) -> Write:
        """Deletes an item on a condition."""
        return {
            "Delete": {
                "TableName": self.name,
                "Key": to_item(key),
                "ConditionExpression": condition,
                "ExpressionAttributeValues": to_item({f":{name}": value for name, value in values.items()}),
            }
        }


def _key_of(item: Mapping[str, Any]) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]


def account_key(user_id: str) -> dict[str, str]:
    """The key of an account."""
    return {"pk": f"USER#{user_id}", "sk": "ACCOUNT"}


def address_key(email: str) -> dict[str, str]:
    """The key of a (normalised) e-mail address."""
    return {"pk": f"EMAIL#{email}", "sk": "ADDRESS"}


def session_key(session_id: str) -> dict[str, str]:
    """The key of a session."""
    return {"pk": f"SESSION#{session_id}", "sk": "SESSION"}


def link_key(token_hash: str) -> dict[str, str]:
    """The key of a mail's link."""
    return {"pk": f"LINK#{token_hash}", "sk": "LINK"}


def request_key(digest: str) -> dict[str, str]:
    """The key of a request that may be repeated."""
    return {"pk": f"REQUEST#{digest}", "sk": "REQUEST"}


def users_partition(user_id: str) -> str:
    """Where ``gsi1`` has what belongs to a user."""
    return f"USER#{user_id}"


def identity_key(provider: str, subject: str) -> dict[str, str]:
    """The key of somebody's identity at an external provider, whose id has no ``#``."""
    return {"pk": f"IDENTITY#{provider}#{subject}", "sk": "IDENTITY"}


def attempt_key(state_hash: str) -> dict[str, str]:
    """The key of a login that has begun at an external provider."""
    return {"pk": f"ATTEMPT#{state_hash}", "sk": "ATTEMPT"}


def app_code_key(code_hash: str) -> dict[str, str]:
    """The key of a login that an application is to fetch."""
    return {"pk": f"APPCODE#{code_hash}", "sk": "APPCODE"}


def login_step_key(token_hash: str) -> dict[str, str]:
    """The key of a login that waits for a second factor."""
    return {"pk": f"LOGIN#{token_hash}", "sk": "LOGIN"}


def ceremony_key(token_hash: str) -> dict[str, str]:
    """The key of a ceremony with an authenticator that has begun."""
    return {"pk": f"CEREMONY#{token_hash}", "sk": "CEREMONY"}
