"""OData 4.0, read-only: passages, events and cameras for BI, spreadsheets and 1C."""
