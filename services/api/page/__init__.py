"""The page for people: templates, assets, and pure functions from what the API answers to words and pictures.

People read *account* and *machine* where code says customer and asset. Nothing here computes a figure.
"""
