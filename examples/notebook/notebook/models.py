"""Users and their notes, in SQLite by Flask-SQLAlchemy."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  (SQLAlchemy reads annotations)

from flask_login import UserMixin
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import ForeignKey, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """What the models have in common."""


db = SQLAlchemy(model_class=Base)


class User(UserMixin, db.Model):
    """Somebody who keeps notes."""

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    language: Mapped[str]


class Note(db.Model):
    """A note, seen by nobody but the user who wrote it."""

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id), index=True)
    text: Mapped[str]
    written: Mapped[datetime] = mapped_column(server_default=func.now())


def user_named(name: str) -> User | None:
    """Return the user of that name."""
    return db.session.scalar(select(User).filter_by(name=name))


def notes_of(user: User, after: int = 0) -> list[Note]:
    """Return the notes of *user* whose ids are above *after*, the oldest first."""
    wanted = select(Note).filter(Note.user_id == user.id, Note.id > after)
    return list(db.session.scalars(wanted.order_by(Note.id)))
