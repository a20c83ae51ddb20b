"""Who may do what: roles, how far each reaches, scopes of tokens, and who sees telephone numbers. Pure."""
