"""Files in and out: imports of other people's records, exports of ours."""
