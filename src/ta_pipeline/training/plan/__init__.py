"""What a training needs before it starts: memory and time, and what to change where it does not fit."""
