"""Ask what else a score could come from: packaging, codec traces, identities, our own mark.

Each probe is a small classifier that is kept from the evidence a detector should use, tried on people it was not fitted
on. Where it succeeds, a detector's success on the same files proves less. `metadata` needs no network and loads none.
"""
