"""Where and when photos say they were taken, as their own EXIF tells; small renditions for lists."""

from alembic import op

revision = "0019_media_positions"
down_revision = "0018_exports"

_CHANGES = (
    """
ALTER TABLE xiangye.media_file ADD COLUMN preview_sha256 text;
CREATE TABLE precise.media_position (
    sha256 text PRIMARY KEY REFERENCES xiangye.media_file (sha256),
    latitude_e7 integer CHECK (latitude_e7 BETWEEN -900000000 AND 900000000),
    longitude_e7 integer CHECK (longitude_e7 BETWEEN -1800000000 AND 1800000000),
    captured_at text,
    map_datum text NOT NULL,
    CHECK ((latitude_e7 IS NULL) = (longitude_e7 IS NULL))
);
SELECT xiangye.wall_by('precise.media_position', '(SELECT xiangye.sees_everything())
    OR EXISTS (SELECT FROM xiangye.media_item i WHERE i.sha256 = media_position.sha256)');
""",
)


def upgrade() -> None:
    for statements in _CHANGES:
        op.execute(statements)
