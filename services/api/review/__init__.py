"""The review of a period that a customer may read: assembled from stored rows, kept with a version, printed as HTML.

What may never stand in it: renewal or churn risk, what serving the customer costs us, margins, who owns the account,
other customers, and the words by which alerts are called here. So only what is named below is read at all.
"""
