"""How well we hear and understand, measured on a labelled set.

``labelled`` reads such a set, ``house`` starts what is needed, ``answering`` sends every item the
way of the pipeline, ``measures`` compares the answers with the labels.
"""
