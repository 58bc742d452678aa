"""Prognostic assessment (ISO 13374): where trends and budgets lead, and when. Pure."""
