"""Words that an operator looks for, as the database looks them up.

The database itself folds them (`huying_words`, made by migration 0009), with the same functions
with which it notes what can be found.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, exists, func, text
from sqlalchemy.ext.asyncio import AsyncSession

from intake.storage.models import RequestWords, ServiceRequest

PIECES = 6
LONGEST = 60
_FOLD = text(
    "SELECT w.said, w.sounds, w.terms FROM unnest(CAST(:pieces AS text[])) WITH ORDINALITY"
    " AS p (piece, at), LATERAL huying_words(ARRAY[p.piece]) AS w WHERE w.said <> '' ORDER BY at"
)


@dataclass(frozen=True, slots=True)
class Piece:
    """One word: as it is written, as it sounds, and what the index knows of either."""

    written: str
    heard: str
    pairs: tuple[str, ...]
    sound_pairs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sought:
    """All of the words, each anywhere in what a request is found by."""

    pieces: tuple[Piece, ...]

    def said(self) -> list[ColumnElement[bool]]:
        """Conditions on `ServiceRequest`: it holds the words as they are written."""
        terms = sorted({term for piece in self.pieces for term in piece.pairs})
        return [
            exists().where(
                RequestWords.service_request_id == ServiceRequest.id,
                RequestWords.terms.contains(terms),
                *(func.strpos(RequestWords.said, p.written) > 0 for p in self.pieces),
            )
        ]

    @property
    def has_sound(self) -> bool:
        """Can they be found by their sound? One syllable is too little."""
        return any(piece.sound_pairs for piece in self.pieces)

    def sounds(self) -> list[ColumnElement[bool]]:
        """Conditions on `ServiceRequest`: it holds what sounds like the words, and not them."""
        heard = [piece for piece in self.pieces if piece.sound_pairs]
        terms = {term for piece in heard for term in piece.sound_pairs}
        terms |= {term for piece in self.pieces if piece not in heard for term in piece.pairs}
        return [
            exists().where(
                RequestWords.service_request_id == ServiceRequest.id,
                RequestWords.terms.contains(sorted(terms)),
                *(
                    func.strpos(RequestWords.sounds, p.heard) > 0
                    if p.sound_pairs
                    else func.strpos(RequestWords.said, p.written) > 0
                    for p in self.pieces
                ),
                ~and_(*(func.strpos(RequestWords.said, p.written) > 0 for p in self.pieces)),
            )
        ]


async def sought(session: AsyncSession, words: str) -> Sought | None:
    """Fold what was typed; None when nothing of it can be looked for (a lone letter or mark)."""
    pieces = words.replace("\x00", "")[:LONGEST].split()[:PIECES]
    rows = (await session.execute(_FOLD, {"pieces": pieces})).all()
    folded = [_piece(row.said, row.sounds, row.terms) for row in rows]
    known = tuple(piece for piece in folded if piece.pairs)
    return Sought(known) if known else None


def _piece(said: str, sounds: str, terms: list[str]) -> Piece:
    written = [term for term in terms if "-" not in term]
    pairs = [term for term in written if len(term) == 2] or written
    return Piece(said, sounds, tuple(pairs), tuple(term for term in terms if "-" in term))
