"""What all pages share: state, caches, controls, header, jobs. Not a page."""
