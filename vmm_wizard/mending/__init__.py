"""Mends what a check found where the plan's accounts may: shown before, asked for, and checked again after."""
