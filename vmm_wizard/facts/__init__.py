"""What is: probes ask and return typed facts; they never judge and never change anything."""
