"""The gallery: web pages over quarantine and ledger. `server` starts it, `app` has its addresses."""
