"""The world of the two functions: moto as AWS, a real Valkey, and the auth service's keys over HTTP."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import jwt
import pytest
from redis import Redis

from contracts.access_token import AccessClaims, encode_access_token
from contracts.rooms import Identity
from functions.serverless import aws as serverless_aws
from tests.doubles.inbox import Inbox, smtp_server
from tests.integration.functions.account_desk import PASSWORD as PASSWORD  # noqa: PLC0414  (for the tests)
from tests.integration.functions.account_desk import Desk
from tests.integration.functions.account_desk import Person as Person  # noqa: PLC0414
from tests.integration.functions.auth_keys import serving_keys
from tests.integration.functions.browser import Browser
from tests.integration.functions.factor_owner import FactorOwner
from tests.integration.functions.lambda_events import ROOT, Client, load_app
from tests.integration.functions.openid_provider import openid_provider
from tests.integration.functions.watched_calls import Watch, watched, watching
from tests.valkey_server import valkey_server

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient

AUTH_ISSUER = "http://meet.test/v1/auth"
MEETINGS_ISSUER = "http://meet.test/v1/meetings"
LIMITS = ("LOGIN", "REGISTER", "REFRESH", "RESET", "TOKEN", "BEARER")
APP_ADDRESS = "parley-app://login"
"""Where an application waits for a login at a provider."""

MakeSecrets = Callable[[dict[str, str]], None]


@pytest.fixture(scope="session")
def aws() -> Iterator[dict[str, str]]:
    """The environment that leads to moto."""
    command = [sys.executable, "-m", "tests.integration.functions.moto_process"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address, "moto has not started"
        try:
            yield {
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
                "AWS_DEFAULT_REGION": "eu-central-1",
                "AWS_ENDPOINT_URL": address,
            }
        finally:
            process.terminate()


@contextmanager
def environment(*parts: dict[str, str]) -> Iterator[None]:
    """Environment variables for as long as an app starts; other tests see nothing of them."""
    with pytest.MonkeyPatch.context() as patch:
        for part in parts:
            for name, value in part.items():
                patch.setenv(name, value)
        yield


@pytest.fixture(scope="session")
def role_watch() -> Iterator[Watch]:
    """Sees what functions call of AWS, and refuses what their roles do not allow."""
    with watching() as watch:
        yield watch


@pytest.fixture(autouse=True)
def _within_their_roles(role_watch: Watch) -> Iterator[None]:
    """No function asks for what its role does not allow: most would go on without, and say so in a log alone."""
    yield
    assert role_watch.take_refused() == []


@pytest.fixture(scope="session")
def dynamodb(aws: dict[str, str], role_watch: Watch) -> DynamoDBClient:
    with environment(aws):
        return serverless_aws.dynamodb_client()


@pytest.fixture(scope="session")
def secrets(aws: dict[str, str], role_watch: Watch) -> SecretsManagerClient:
    with environment(aws):
        return serverless_aws.secrets_client()


@pytest.fixture(scope="session")
def s3(aws: dict[str, str], role_watch: Watch) -> S3Client:
    with environment(aws):
        serverless_aws.s3_signer(aws["AWS_ENDPOINT_URL"])
        return serverless_aws.s3_client()


@pytest.fixture(scope="session")
def clients(
    aws: dict[str, str], dynamodb: DynamoDBClient, secrets: SecretsManagerClient, s3: S3Client
) -> dict[str, str]:
    """The environment that leads to moto, with the clients of the apps made in it."""
    return aws


@pytest.fixture(scope="session")
def tables(aws: dict[str, str]) -> dict[str, str]:
    """What the platform's own template makes: the names of the tables ``auth`` and ``meetings``, and of the bucket
    ``recordings``."""
    with environment(aws):
        cloudformation = boto3.client("cloudformation")
    cloudformation.create_stack(StackName="data", TemplateBody=(ROOT / "infra" / "data.yaml").read_text())
    outputs = cloudformation.describe_stacks(StackName="data")["Stacks"][0]["Outputs"]
    values = {output["OutputKey"]: output["OutputValue"] for output in outputs}
    return {
        "auth": values["AuthTableName"],
        "meetings": values["MeetingsTableName"],
        "recordings": values["RecordingsBucketName"],
    }


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real Valkey."""
    with valkey_server(data_dir=Path(tmp_path_factory.mktemp("valkey"))) as server:
        yield f"redis://127.0.0.1:{server.port}/0"


@pytest.fixture
def broker(valkey: str) -> Iterator[Redis]:
    with Redis.from_url(valkey) as client:
        yield client


@pytest.fixture(scope="session")
def with_secrets(secrets: SecretsManagerClient) -> MakeSecrets:
    """Makes the secrets that settings name, without a value, as the platform's template does."""

    def make(settings: dict[str, str]) -> None:
        for name in (value for setting, value in settings.items() if setting.endswith("_SECRET")):
            with suppress(secrets.exceptions.ResourceExistsException):
                secrets.create_secret(Name=name)

    return make


@pytest.fixture(scope="session")
def new_auth(clients: dict[str, str], tables: dict[str, str], with_secrets: MakeSecrets) -> Callable[..., Client]:
    """Starts one more instance of the authentication service, as Lambda does under load."""
    settings = {
        "PARLEY_AUTH_TABLE": tables["auth"],
        "PARLEY_AUTH_SIGNING_SECRET": "parley/auth/signing-keys",
        "PARLEY_AUTH_SEALING_SECRET": "parley/auth/sealing-keys",
        "PARLEY_AUTH_ISSUER": AUTH_ISSUER,
        "PARLEY_AUTH_REFRESH_GRACE_S": "60",  # a slow machine is not a thief
        "PARLEY_AUTH_ARGON2_MEMORY_KIB": "64",
        "PARLEY_AUTH_ARGON2_TIME_COST": "1",
        # All tests come from one address; those of the limits set their own.
        **{
            f"PARLEY_AUTH_LIMIT_{name}": "100000/60"
            for name in ("LOGIN", "REGISTER", "REFRESH", "RESET", "TOKEN", "BEARER")
        },
    }
    count = itertools.count()

    def start(**changes: str) -> Client:
        with_secrets(settings | changes)
        with environment(clients, settings, changes):
            return Client(watched("auth", load_app("auth", f"auth_app_{next(count)}")))

    return start


@pytest.fixture(scope="session")
def auth(new_auth: Callable[..., Client]) -> Client:
    return new_auth()


@pytest.fixture(scope="session")
def inbox() -> Iterator[Inbox]:
    with smtp_server() as server:
        yield server


@pytest.fixture(scope="session")
def mailing(new_auth: Callable[..., Client], inbox: Inbox) -> Client:
    """An instance of the authentication service that sends mail, and does so when its test says so (`work_off`)."""
    return new_auth(
        PARLEY_AUTH_MAIL="smtp",
        PARLEY_AUTH_MAIL_FROM="Parley <parley@meet.test>",
        PARLEY_AUTH_MAIL_SMTP_URL=f"smtp+insecure://127.0.0.1:{inbox.port}",
    )


@pytest.fixture(scope="session")
def jwks_url(auth: Client) -> Iterator[str]:
    with serving_keys(auth) as address:
        yield address


@pytest.fixture(scope="session")
def new_meetings(
    clients: dict[str, str], tables: dict[str, str], jwks_url: str, valkey: str, with_secrets: MakeSecrets
) -> Callable[..., Client]:
    """Starts one more instance of the meeting service."""
    settings = {
        "PARLEY_MEETINGS_TABLE": tables["meetings"],
        "PARLEY_MEETINGS_SIGNING_SECRET": "parley/meetings/signing-keys",
        "PARLEY_MEETINGS_SEALING_SECRET": "parley/meetings/sealing-keys",
        "PARLEY_MEETINGS_ISSUER": MEETINGS_ISSUER,
        "PARLEY_MEETINGS_AUTH_ISSUER": AUTH_ISSUER,
        "PARLEY_MEETINGS_AUTH_JWKS_URL": jwks_url,
        "PARLEY_MEETINGS_PUBLIC_URL": "http://meet.test",
        "PARLEY_MEETINGS_GATEWAY_URL": "http://meet.test",
        "PARLEY_MEETINGS_REDIS_URL": valkey,
        "PARLEY_MEETINGS_RECORDINGS_BUCKET": tables["recordings"],
        "PARLEY_MEETINGS_RECORDINGS_URL": clients["AWS_ENDPOINT_URL"],
        # As above.
        **{f"PARLEY_MEETINGS_LIMIT_{name}": "100000/60" for name in ("ADDRESS", "JOIN", "CREATE", "BEARER")},
        "PARLEY_MEETINGS_ICE_SERVERS": '[{"urls": ["stun:stun.test:3478"]}]',
    }
    count = itertools.count()

    def start(**changes: str) -> Client:
        with_secrets(settings | changes)
        with environment(clients, settings, changes):
            return Client(watched("meetings", load_app("meetings", f"meetings_app_{next(count)}")))

    return start


@pytest.fixture(scope="session")
def meetings(new_meetings: Callable[..., Client]) -> Client:
    return new_meetings()


@pytest.fixture
def person(auth: Client) -> Callable[..., Person]:
    """Registers somebody new."""

    def register(name: str = "Ada") -> Person:
        email = f"{uuid.uuid4().hex}@example.org"
        body = {"email": email, "password": PASSWORD, "display_name": name}
        answer = auth.request("POST", "/v1/auth/register", body)
        assert answer.status == 201, answer.text
        session = answer.json()
        return Person(
            id=session["user"]["id"],
            email=email,
            name=name,
            token=session["access_token"],
            refresh_token=session["refresh_token"],
        )

    return register


@pytest.fixture(scope="session")
def token_of(auth: Client) -> Callable[..., str]:
    """Signs an access token with the authentication service's own key, for whatever it is to say."""

    def sign(bearer: Person, *, roles: tuple[str, ...] = (), scope: str | None = None) -> str:
        now = int(time.time())
        session_id = jwt.decode(bearer.token, options={"verify_signature": False})["sid"]
        key = auth.module.signing_keys.ring().signing_key(now)
        claims = AccessClaims(
            iss=AUTH_ISSUER,
            sub=Identity(bearer.id),
            sid=session_id,
            name=bearer.name,
            iat=now,
            exp=now + 900,
            jti="1",
            roles=roles,
            scope=scope,
        )
        return encode_access_token(claims, key=key.private_key(), kid=key.kid)

    return sign


@pytest.fixture
def new_admin(auth: Client, person: Callable[..., Person]) -> Callable[[], Person]:
    """Makes somebody an administrator of the platform, as who runs it does."""

    def appoint() -> Person:
        registered = person("Root")
        appointed = auth.module.appoint_administrator({"email": registered.email}, None)
        assert appointed == {"id": registered.id, "email": registered.email, "role": "administrator"}
        answer = auth.request("POST", "/v1/auth/refresh", {"refresh_token": registered.refresh_token})
        assert answer.status == 200, answer.text
        body = answer.json()
        return replace(registered, token=body["access_token"], refresh_token=body["refresh_token"])

    return appoint


@pytest.fixture
def admin(new_admin: Callable[[], Person]) -> Person:
    """Somebody who administers the platform."""
    return new_admin()


@pytest.fixture(scope="session")
def local(new_auth: Callable[..., Client]) -> Client:
    """An instance of the authentication service whose page may have passkeys."""
    return new_auth(PARLEY_AUTH_ISSUER="http://localhost/v1/auth")


@pytest.fixture
def new_owner() -> Callable[..., FactorOwner]:
    """Registers somebody, and sets up an authenticator app for them unless told otherwise. ``at``: where, if not at the
    instance that they use."""

    def register(client: Client, *, at: Client | None = None, app: bool = True) -> FactorOwner:
        email = f"{uuid.uuid4().hex}@example.org"
        body = {"email": email, "password": PASSWORD, "display_name": "Ada"}
        answer = (at or client).request("POST", "/v1/auth/register", body)
        assert answer.status == 201, answer.text
        session = answer.json()
        owner = FactorOwner(
            client=client, id=session["user"]["id"], email=email, password=PASSWORD, token=session["access_token"]
        )
        if app:
            owner.enrol()
        return owner

    return register


@pytest.fixture
def made_stale(dynamodb: DynamoDBClient, tables: dict[str, str]) -> Callable[[str], None]:
    """Makes the last proof of all of somebody's sessions, by their id, an hour old."""

    def make(user_id: str) -> None:
        sessions = dynamodb.query(
            TableName=tables["auth"],
            IndexName="gsi1",
            KeyConditionExpression="gsi1pk = :user AND begins_with(gsi1sk, :kind)",
            ExpressionAttributeValues={":user": {"S": f"USER#{user_id}"}, ":kind": {"S": "SESSION#"}},
        )["Items"]
        assert sessions
        for item in sessions:
            dynamodb.update_item(
                TableName=tables["auth"],
                Key={"pk": item["pk"], "sk": item["sk"]},
                UpdateExpression="SET proven_at = :then",
                ExpressionAttributeValues={":then": {"N": str(int(time.time()) - 3600)}},
            )

    return make


@pytest.fixture
def made_passwordless(dynamodb: DynamoDBClient, tables: dict[str, str]) -> Callable[[str], None]:
    """Takes the password from an account, as one has none that was made at a provider."""

    def make(user_id: str) -> None:
        dynamodb.update_item(
            TableName=tables["auth"],
            Key={"pk": {"S": f"USER#{user_id}"}, "sk": {"S": "ACCOUNT"}},
            UpdateExpression="SET password_hash = :none",
            ExpressionAttributeValues={":none": {"NULL": True}},
        )

    return make


@pytest.fixture(scope="session")
def openid_issuer() -> Iterator[str]:
    def client(provider: str, **more: object) -> dict[str, object]:
        return {"client_id": "parley", "redirect_uris": [f"{AUTH_ISSUER}/providers/{provider}/callback"], **more}

    clients = [
        client("op", client_secret="a client's secret"),
        client("careful", client_id="careful", client_secret="s", token_endpoint_auth_method="client_secret_post"),
        client("public", client_id="public", token_endpoint_auth_method="none"),
    ]
    with openid_provider(clients) as running:
        yield running


@pytest.fixture(scope="session")
def op(openid_issuer: str, new_auth: Callable[..., Client]) -> Client:
    """The authentication service with three providers: one that vouches for addresses, and two that do not."""
    common = {"kind": "oidc", "issuer": openid_issuer, "scopes": ["openid", "email", "profile", "groups"]}
    providers = [
        common
        | {
            "id": "op",
            "name": "Example",
            "client_id": "parley",
            "client_secret": "a client's secret",
            "vouches_for": ["example.org"],
            "roles": {"administrator": ["admins"]},
        },
        common
        | {
            "id": "careful",
            "name": "Careful",
            "client_id": "careful",
            "client_secret": "s",
            "client_authentication": "client_secret_post",
        },
        common | {"id": "public", "name": "Public", "client_id": "public"},
    ]
    return new_auth(PARLEY_AUTH_PROVIDERS=json.dumps(providers), PARLEY_AUTH_APP_REDIRECTS=json.dumps([APP_ADDRESS]))


@pytest.fixture
def browser(op: Client) -> Browser:
    return Browser(op)


@pytest.fixture(scope="session")
def telling(new_auth: Callable[..., Client], valkey: str) -> Client:
    """An instance of the authentication service that tells others of accounts."""
    return new_auth(PARLEY_AUTH_REDIS_URL=valkey)


@pytest.fixture
def desk(telling: Client, meetings: Client, admin: Person) -> Desk:
    return Desk(telling, meetings, admin)


@pytest.fixture(scope="session")
def postal(new_meetings: Callable[..., Client], inbox: Inbox) -> Client:
    """An instance of the meeting service that sends mail, and does so when its test says so (`Post.deliver`)."""
    return new_meetings(
        PARLEY_MEETINGS_MAIL="smtp",
        PARLEY_MEETINGS_MAIL_FROM="Parley <parley@meet.test>",
        PARLEY_MEETINGS_MAIL_SMTP_URL=f"smtp+insecure://127.0.0.1:{inbox.port}",
    )
