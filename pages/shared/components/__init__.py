"""Parts of a page that run in the browser: HTML, CSS and JavaScript, and how they are mounted."""
