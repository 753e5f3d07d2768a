"""What all pages and the programming interface share: who is let in, what is read and received, how it is rendered."""
