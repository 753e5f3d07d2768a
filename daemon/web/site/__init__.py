"""What all pages and the programming interface share: who is let in, what is read, how it is rendered, previews."""
