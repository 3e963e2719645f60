"""What the checks run on: named problems, seeded operands, and an oracle for the right result."""
