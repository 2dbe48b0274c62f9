"""The course: lessons as plain files, the questions they ask, and what answers them."""
