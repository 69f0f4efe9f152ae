# SPDX-License-Identifier: Apache-2.0
"""Settings of the server, each an environment variable ``STEELYARD_…`` with a safe default.

Durations are in the unit their name ends in. The reference page is generated from this class.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from steelyard.kernel.errors import FieldErrors


class Settings(BaseSettings):
    """What an operator may set."""

    model_config = SettingsConfigDict(
        env_prefix="STEELYARD_", extra="ignore", env_ignore_empty=True
    )

    data: Path = Field(
        Path("steelyard-data"),
        description="Directory of everything kept on this host: SQLite's file, blobs, the key.",
    )
    database_url: SecretStr = Field(
        SecretStr(""),
        description="`postgresql://user:password@host/name`; empty: SQLite in the data directory.",
    )
    database_pool: int = Field(
        20, ge=1, le=500, description="Connections to the database that one process keeps."
    )
    charter: str = Field(
        "standard",
        description="The first charter of a new server: a shipped profile or a file. Once one is "
        "in force, it is changed by proposals only.",
    )
    public_url: str = Field(
        "",
        description="Where people reach the server (`https://steelyard.example.org`); links in "
        "mail and login redirects begin with it. Empty: where it listens.",
    )
    trusted_proxies: str = Field(
        "",
        description="Addresses of proxies whose `X-Forwarded-*` headers are believed, with commas.",
    )
    key: Path | None = Field(
        None, description="The Ed25519 key that signs decisions and checkpoints; see below."
    )
    secrets_key: Path | None = Field(
        None,
        description="The file of keys that seal secrets in the database, one a line, the newest "
        "first; `secrets.key` in the data directory, made at the first start.",
    )

    jobs: Literal["embedded", "procrastinate"] = Field(
        "embedded",
        description="Engine of background jobs. `procrastinate` needs PostgreSQL and the extra "
        "`postgres`.",
    )
    job_lease_seconds: int = Field(
        60,
        ge=1,
        le=3600,
        description="How long a worker may be silent before others take its jobs over.",
    )
    worker_threads: int = Field(2, ge=1, le=64, description="Jobs that one worker does at a time.")

    blobs_url: str = Field(
        "",
        description="Where files are kept: `s3://bucket/prefix` or `file:///path`; empty: `blobs` "
        "in the data directory.",
    )
    blobs_s3_endpoint: str = Field(
        "", description="Address of an S3-compatible server; empty: that of the region."
    )
    blobs_s3_region: str = Field("us-east-1", description="Region of the bucket.")

    upload_mib: int = Field(
        20_480, ge=1, le=1_048_576, description="Size of the largest file that may be sent."
    )
    local_models: bool = Field(
        False,
        description="Whether a request may name a directory of this host (`dir:/path`): for "
        "demonstrations and tests, where whoever asks may read this host's disk.",
    )

    upstream_check_minutes: int = Field(
        360,
        ge=0,
        le=43_200,
        description="How often a hub is asked (at `HF_ENDPOINT`, else huggingface.co) what became "
        "of each model in use or in review: new commits, license, gate, taking down. `0`: only "
        "when somebody asks.",
    )

    log_format: Literal["auto", "console", "json"] = Field(
        "auto", description="Lines for people or for machines; `auto`: people if a terminal reads."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least important lines that are written."
    )

    metrics_token: SecretStr = Field(
        SecretStr(""),
        description="Who asks for `/metrics` must show it as a bearer token. Empty: nobody must.",
    )

    session_hours: int = Field(12, ge=1, le=720, description="How long a login lasts at most.")
    session_idle_minutes: int = Field(
        60, ge=5, le=10080, description="How long a login lasts without being used."
    )
    token_days: int = Field(
        90, ge=1, le=366, description="How long an API token lasts unless a shorter time is asked."
    )

    second_factor_roles: str = Field(
        "",
        max_length=1000,
        description="Roles, with commas, whose holders need a second factor to log in with a "
        "password; until it is set up they can do nothing else.",
    )
    oidc_issuer: str = Field(
        "",
        max_length=500,
        description="Issuer of the directory people log in through (OpenID Connect); in place of "
        "what is configured through the API.",
    )
    oidc_client_id: str = Field("", max_length=300, description="This server at the directory.")
    oidc_client_secret: SecretStr = Field(
        SecretStr(""), description="Its secret there; empty for a public client."
    )
    oidc_groups_claim: str = Field(
        "groups", max_length=300, description="Claim that lists groups, or the path to it."
    )

    retention_years: int = Field(
        10,
        ge=1,
        le=100,
        description="How long decisions and their evidence are kept; nobody can purge before.",
    )
    ledger_public: bool = Field(
        False,
        description="Whether anybody may read the ledger's checkpoint and tiles without logging "
        "in, below `/api/v1/ledger/public/`. They hold digests and pseudonyms only.",
    )
    region: str = Field(
        "DE",
        pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$",
        description="Country (ISO 3166, with a subdivision if wanted: `US-CA`) whose working days "
        "and holidays deadlines follow by default.",
    )

    mail_url: SecretStr = Field(
        SecretStr(""),
        description="`smtp://user:password@host:587` (STARTTLS is required), "
        "`smtps://host:465`, or `smtp+plain://localhost:25` without encryption. Empty: no mail "
        "is sent, notices stay in the inbox.",
    )
    mail_from: str = Field("", max_length=320, description="Sender of mail.")
    mail_timeout_seconds: float = Field(
        10, gt=0, le=120, description="How long a mail server may take for one answer."
    )

    webhook_private: bool = Field(
        False,
        description="Whether webhooks may go to private, loopback and link-local addresses.",
    )
    webhook_timeout_seconds: float = Field(
        10, gt=0, le=60, description="How long a delivery may take in all."
    )
    webhook_give_up_hours: int = Field(
        72, ge=1, le=720, description="How long a webhook may fail before it is disabled."
    )


def read_settings(**overrides: object) -> Settings:
    """Return the settings of the environment, with ``overrides`` in place of what it says.

    Raises:
        FieldErrors: one of them cannot be used.
    """
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        faults = [
            (f"STEELYARD_{'_'.join(map(str, each['loc'])).upper()}", f"{each['msg']}.")
            for each in error.errors()
        ]
        raise FieldErrors(faults, next_step="See docs/reference/settings.md.") from error
