"""What the log says: entries for auditors, and what took the place of what was redacted."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.audit.model import Redaction


def digest_now(session: Session, kind: str, subject: str, digest: str) -> str:
    """SHA-256 of what stands where this digest stood: another one only after a redaction."""
    query = select(Redaction.redacted_sha256).where(
        Redaction.kind == kind, Redaction.subject == subject, Redaction.digest == digest
    )
    return session.scalar(query.order_by(Redaction.redaction_no.desc()).limit(1)) or digest
