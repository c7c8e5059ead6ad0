"""Pure readers and writers of files: no database, no Flask, no clock."""
