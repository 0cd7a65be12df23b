"""Train the detector `photo` on photographs of people, and measure it on people it has never seen."""
