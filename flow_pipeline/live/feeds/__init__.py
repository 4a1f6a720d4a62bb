"""PLUG ROOM: one file = one kind of source that `netraflow watch` follows.

What lives here: how each kind is opened, read from a cursor on, and waited for. What must not: stores, detection,
alerts.
"""
