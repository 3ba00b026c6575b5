"""A new key that seals: apps that were set up under the old one move to it with their owners' next factor."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.doubles.soft_authenticator import SoftAuthenticator
from tests.integration.functions.factor_owner import FactorOwner, passkey_login
from tests.integration.functions.lambda_events import Client, HttpAnswer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_secretsmanager import SecretsManagerClient

NEW_KEY = {"id": "2", "key": "A" * 43 + "="}


@dataclass
class Installation:
    """An authentication service with sealing keys of its own."""

    secrets: SecretsManagerClient
    new_auth: Callable[..., Client]
    name: str

    def instance(self) -> Client:
        """One that starts now, and so has the keys of now."""
        return self.new_auth(PARLEY_AUTH_ISSUER="http://localhost/v1/auth", PARLEY_AUTH_SEALING_SECRET=self.name)

    def turn(self) -> None:
        """Puts a new key before the old one."""
        keys = json.loads(self.secrets.get_secret_value(SecretId=self.name)["SecretString"])["keys"]
        self._put([NEW_KEY, *keys])

    def forget_old_keys(self) -> None:
        self._put([NEW_KEY])

    def _put(self, keys: list[dict[str, str]]) -> None:
        self.secrets.put_secret_value(SecretId=self.name, SecretString=json.dumps({"keys": keys}))


@pytest.fixture
def installation(secrets: SecretsManagerClient, new_auth: Callable[..., Client]) -> Installation:
    return Installation(secrets, new_auth, f"parley/test/{uuid.uuid4().hex}")


def by_code(ada: FactorOwner, _: SoftAuthenticator) -> HttpAnswer:
    return ada.finish_login(ada.login_token(), ada.code())


def by_recovery_code(ada: FactorOwner, _: SoftAuthenticator) -> HttpAnswer:
    return ada.finish_login(ada.login_token(), ada.codes[0], "recovery_code")


def by_passkey_beside_the_password(ada: FactorOwner, key: SoftAuthenticator) -> HttpAnswer:
    return ada.finish_with_passkey(ada.login_token(), key)


def by_passkey_alone(ada: FactorOwner, key: SoftAuthenticator) -> HttpAnswer:
    return passkey_login(ada.client, key)


def by_step_up(ada: FactorOwner, _: SoftAuthenticator) -> HttpAnswer:
    return ada.post("step-up", {"method": "totp", "code": ada.code()})


def key_of_app(dynamodb: DynamoDBClient, table: str, user_id: str, attribute: str = "totp") -> str:
    """The name of the key that somebody's app is sealed with."""
    key = {"pk": {"S": f"USER#{user_id}"}, "sk": {"S": "ACCOUNT"}}
    item = dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True)["Item"]
    sealed: str = item[attribute]["M"]["sealed_secret"]["S"]
    return sealed.partition(".")[0]


@pytest.mark.parametrize(
    "use", [by_code, by_recovery_code, by_passkey_beside_the_password, by_passkey_alone, by_step_up]
)
def test_app_works_on_without_the_old_key_once_its_owner_has_used_a_factor(
    installation: Installation,
    new_owner: Callable[..., FactorOwner],
    dynamodb: DynamoDBClient,
    tables: dict[str, str],
    use: Callable[[FactorOwner, SoftAuthenticator], HttpAnswer],
) -> None:
    ada, key = new_owner(installation.instance()), SoftAuthenticator()
    assert ada.register(key).status == 201
    installation.turn()
    ada.client = installation.instance()
    assert key_of_app(dynamodb, tables["auth"], ada.id) == "1"
    used = use(ada, key)
    assert used.status in (200, 204), used.text
    assert key_of_app(dynamodb, tables["auth"], ada.id) == "2"
    installation.forget_old_keys()
    ada.client = installation.instance()
    assert ada.finish_login(ada.login_token(), ada.code()).status == 200


def test_app_whose_set_up_was_begun_under_the_old_key_is_kept_under_the_new_one(
    installation: Installation, new_owner: Callable[..., FactorOwner], dynamodb: DynamoDBClient, tables: dict[str, str]
) -> None:
    ada = new_owner(installation.instance(), app=False)
    begun = ada.post("factors/totp").json()
    assert key_of_app(dynamodb, tables["auth"], ada.id, "totp_pending") == "1"
    installation.turn()
    ada.client = installation.instance()
    assert ada.confirm(begun["secret"]).status == 200
    assert key_of_app(dynamodb, tables["auth"], ada.id) == "2"
