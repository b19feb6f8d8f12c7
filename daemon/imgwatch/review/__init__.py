"""The gallery: web pages over quarantine and ledger. `server` starts it, `app` says what it answers."""
