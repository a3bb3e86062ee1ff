"""Measures transcription and understanding on a labelled set.

``dataset`` reads such a set, ``environment`` starts what is needed, ``predict`` sends every item
through the steps of the pipeline, ``dialogues`` holds the dialogues, ``metrics`` compares the
answers with the labels. ``export`` makes a set of what operators confirmed or corrected.
"""
