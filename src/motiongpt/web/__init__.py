"""One server: the chat page, the REST API and the MCP endpoint."""
