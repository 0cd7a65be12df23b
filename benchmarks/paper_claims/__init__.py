"""The paper's two claims, tested on puppets: what is trained, what is drawn, what is measured, what follows."""
