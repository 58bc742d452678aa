"""What all customers together say: renewal, fit by segment, maturity, who is happy but flat, where value is at risk."""
