"""How a customer is, 0 to 100, from measures in groups, and what moved it from one day to the next.

    group       share  measure       what is good                                                    window   evidence
    machines      45   availability  downtime at most the customer's usual, but for chance           28 days  stops
                       condition     machine days without a drift from the machine's own baseline     7 days  readings
                       effectiveness time lost to pace at most the customer's usual, but for chance  28 days  counts
                       quality       rejected units at most the customer's usual, but for chance     28 days  counts
    promises      25   guarantee     supplier-attributed downtime at most what is guaranteed         28 days  stops
                       promise       downtime at most what was promised at the sale                  90 days  stops
                       commitments   kept by their day, each counting half after 180 days            365 days ledger
    use           10   adoption      what was bought is in use                                       60 days  use
    relation      10   survey        answers, each counting half after 90 days                       365 days answers
                       touchpoints   spoken with as often as planned, else as usual                           visits
    visibility    10   reporting     hours in which the sources were heard                            7 days  hours

Effectiveness is ISO 22400-2's, planned run time of what was made over production time.

`measures`, `kept_commitments` and `relation` judge, `weighted_measures` weighs, `exceptions` override, `changes` tells
what moved it.
"""
