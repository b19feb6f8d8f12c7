"""How the backbone that ships was made from published weights."""
