"""How long a machine has left, learned from the failures of the fleet.

`life_days`    a day's readings of one machine
`life_filter`  smoothed level and trend of each metric, advanced once a judged day
`life_model`   what was learned, and a forecast from it
`lives`        which of a machine's days led to which failure
`regression`   ridge with quadratic terms, cross-validated by machine
`learning`     from lives to a model
`skill`        how much better than age and average the model was on machines that it had not seen
"""
