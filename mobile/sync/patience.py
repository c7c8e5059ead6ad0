"""How long a tablet waits: for a connection, for an answer, and between tries that somebody watches. Very slow lines, and tests over
quick ones, set it by environment; `none` for no more than one try."""

import os

CONNECT_TIMEOUT_S = 10
READ_TIMEOUT_S = float(os.environ.get("XIANGYE_READ_TIMEOUT_S") or 60)
_PAUSES = os.environ.get("XIANGYE_RETRY_PAUSES_S") or "0.5,1.5"
PAUSES_S = tuple(float(pause) for pause in _PAUSES.split(",") if pause != "none")
