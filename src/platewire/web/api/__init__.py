"""The JSON API: operations, shapes, the OpenAPI document and the live stream."""
