"""How the backbone that ships was made of published weights."""
