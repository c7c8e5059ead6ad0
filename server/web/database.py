"""The Flask-SQLAlchemy extension over the plain base; only routes see it."""

from flask_sqlalchemy import SQLAlchemy

from server.db import Base

database = SQLAlchemy(model_class=Base)
