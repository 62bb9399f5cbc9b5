"""The HTTP face of the services: transcoded routes, the operator's short routes and the page."""
