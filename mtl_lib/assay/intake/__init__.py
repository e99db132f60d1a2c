"""What comes in: tables, arrays, folders and sets of tasks, each as one problem."""
