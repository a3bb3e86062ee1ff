"""The words that an operator searches for, as the database looks them up.

The database folds them (`huying_words`, made by migration 0009) with the functions that also made
the index.
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
    """One word: as it is written, as it sounds, and the index entries of either."""

    written: str
    heard: str
    pairs: tuple[str, ...]
    sound_pairs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SearchTerms:
    """All of the words; each may stand anywhere in the text that a request is found by."""

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
        """Whether they can be found by their sound; one syllable is too little."""
        return any(piece.sound_pairs for piece in self.pieces)

    def sounds(self) -> list[ColumnElement[bool]]:
        """Conditions on `ServiceRequest`: it holds what sounds like the words, not the words."""
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


async def read_terms(session: AsyncSession, words: str) -> SearchTerms | None:
    """Fold what an operator typed; None if nothing of it can be searched for: a letter, a mark."""
    pieces = words.replace("\x00", "")[:LONGEST].split()[:PIECES]
    rows = (await session.execute(_FOLD, {"pieces": pieces})).all()
    folded = [_piece(row.said, row.sounds, row.terms) for row in rows]
    known = tuple(piece for piece in folded if piece.pairs)
    return SearchTerms(known) if known else None


def _piece(said: str, sounds: str, terms: list[str]) -> Piece:
    written = [term for term in terms if "-" not in term]
    pairs = [term for term in written if len(term) == 2] or written
    return Piece(said, sounds, tuple(pairs), tuple(term for term in terms if "-" in term))
