"""From raw columns, words and pictures to the inputs and labels of tasks."""
