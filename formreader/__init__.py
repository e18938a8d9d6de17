"""Read the numbers off scanned forms and bank cheques, with a confidence for each."""
