"""What every method runs on: clients in one tensor, the rounds, what is measured."""
