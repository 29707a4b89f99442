"""All parts together: started, controlled and stopped in order."""
