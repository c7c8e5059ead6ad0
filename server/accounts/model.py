"""People, devices and the codes that bring the one to the other."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, ForeignKey, Identity, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base

_TIME = DateTime(timezone=True)


class Organisation(Base):
    __tablename__ = "organisation"
    __table_args__ = (UniqueConstraint("name", name="organisation_name_key"),)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    level: Mapped[str]
    area_code: Mapped[str | None]
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("xiangye.organisation.id"))
    created_at: Mapped[datetime] = mapped_column(_TIME)


class Person(Base):
    """`account` and `password_hash` only where the person signs in; `pseudonym` stands for the name in everything that leaves."""

    __tablename__ = "person"
    __table_args__ = (
        UniqueConstraint("account", name="person_account_key"),
        UniqueConstraint("pseudonym", name="person_pseudonym_key"),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(_TIME)
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("xiangye.organisation.id"))
    account: Mapped[str | None]
    password_hash: Mapped[str | None]
    pseudonym: Mapped[UUID] = mapped_column(server_default=func.gen_random_uuid())
    disabled_at: Mapped[datetime | None] = mapped_column(_TIME)
    erased_at: Mapped[datetime | None] = mapped_column(_TIME)


class RoleGrant(Base):
    __tablename__ = "role_grant"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.person.id"), index=True)
    role: Mapped[str]
    area_kind: Mapped[str]
    area_code: Mapped[str]
    taxon_group: Mapped[str | None]
    granted_by: Mapped[str]
    granted_at: Mapped[datetime] = mapped_column(_TIME)
    expires_at: Mapped[datetime | None] = mapped_column(_TIME)
    revoked_at: Mapped[datetime | None] = mapped_column(_TIME)


class ConsoleSession(Base):
    __tablename__ = "console_session"
    token_hash: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.person.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(_TIME)
    seen_at: Mapped[datetime] = mapped_column(_TIME)
    expires_at: Mapped[datetime] = mapped_column(_TIME)
    ended_at: Mapped[datetime | None] = mapped_column(_TIME)


class PersonalToken(Base):
    __tablename__ = "personal_token"
    __table_args__ = (UniqueConstraint("token_hash", name="personal_token_token_hash_key"),)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.person.id"), index=True)
    name: Mapped[str]
    token_hash: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(_TIME)
    expires_at: Mapped[datetime] = mapped_column(_TIME)
    seen_at: Mapped[datetime | None] = mapped_column(_TIME)
    revoked_at: Mapped[datetime | None] = mapped_column(_TIME)


class OidcIdentity(Base):
    __tablename__ = "oidc_identity"
    issuer: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.person.id"))
    linked_at: Mapped[datetime] = mapped_column(_TIME)


class OidcRequest(Base):
    """Somebody is away at the provider. `person_id`: who is signed in already and wants to be known by that identity."""

    __tablename__ = "oidc_request"
    state_hash: Mapped[str] = mapped_column(primary_key=True)
    nonce: Mapped[str]
    code_verifier: Mapped[str]
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("xiangye.person.id"))
    expires_at: Mapped[datetime] = mapped_column(_TIME)


class RecentTry(Base):
    """Tries of the last minute to sign in to an account or to enrol a device, whether there is such a one or not."""

    __tablename__ = "recent_try"
    subject_hash: Mapped[str] = mapped_column(primary_key=True)
    tried_at: Mapped[list[datetime]] = mapped_column(ARRAY(_TIME))


class Device(Base):
    """`forked_from`: the device whose store and credential this one came from; told once, and never of a later one."""

    __tablename__ = "device"
    __table_args__ = (UniqueConstraint("credential_hash", name="device_credential_hash_key"),)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.person.id"), index=True)
    name: Mapped[str]
    app_version: Mapped[str]
    credential_hash: Mapped[str]
    enrolled_at: Mapped[datetime] = mapped_column(_TIME)
    revoked_at: Mapped[datetime | None] = mapped_column(_TIME)
    seen_at: Mapped[datetime | None] = mapped_column(_TIME)
    forked_from: Mapped[UUID | None] = mapped_column(ForeignKey("xiangye.device.id"), index=True)


class DeviceKey(Base):
    """One of a device's public keys; the one without `replaced_at` is in force."""

    __tablename__ = "device_key"
    __table_args__ = (
        Index("device_key_in_force", "device_id", unique=True, postgresql_where=text("replaced_at IS NULL")),
    )
    device_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.device.id"), primary_key=True)
    key_id: Mapped[str] = mapped_column(primary_key=True)
    public_key: Mapped[str]
    set_at: Mapped[datetime] = mapped_column(_TIME)
    replaced_at: Mapped[datetime | None] = mapped_column(_TIME)


class Relay(Base):
    """A station that may pass on batches and photos of tablets, and nothing else."""

    __tablename__ = "relay"
    __table_args__ = (
        UniqueConstraint("name", name="relay_name_key"),
        UniqueConstraint("credential_hash", name="relay_credential_hash_key"),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    credential_hash: Mapped[str]
    made_at: Mapped[datetime] = mapped_column(_TIME)
    revoked_at: Mapped[datetime | None] = mapped_column(_TIME)
    seen_at: Mapped[datetime | None] = mapped_column(_TIME)


class Enrolment(Base):
    __tablename__ = "enrolment"
    code_hash: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("xiangye.person.id"))
    expires_at: Mapped[datetime] = mapped_column(_TIME)
    used_at: Mapped[datetime | None] = mapped_column(_TIME)
    device_id: Mapped[UUID | None]


class Scope(Base):
    """What a grant may be for, and the number by which row-level security knows it; 0 is the whole province."""

    __tablename__ = "scope"
    __table_args__ = (UniqueConstraint("kind", "code", name="scope_kind_code_key"),)
    scope_no: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str]
    code: Mapped[str]
