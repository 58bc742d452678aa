"""Value assessment: what the customer gained, on the highest rung that the records allow. Pure."""
