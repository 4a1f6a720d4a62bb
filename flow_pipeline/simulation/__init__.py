"""Synthetic worlds with a known truth: realistic transfers, planted events, and the file that says what was planted.

What lives here: seeded generation with numpy, at any size. What must not: anything the detectors could learn a band or
a label from; amounts of planted events follow the distribution of the background.
"""
